import type { Clock } from "../clock.ts";

export interface Cost {
  /** Undefined for what isn't limited. */
  key: string | undefined;
  units: number;
}

export interface Allowances {
  /** What is larger than all that may be saved up waits for a full allowance. */
  covers(cost: Cost): boolean;
  take(cost: Cost): void;
  /** How many are not full. */
  size(): number;
}

/** A bucket of tokens for each key that was used lately. One that is full again is forgotten. */
export function createAllowances(clock: Pick<Clock, "now">, unitsPerMs: number, most: number): Allowances {
  const buckets = new Map<string, { units: number; atMs: number }>();
  const restMs = most / unitsPerMs;

  function left(key: string): number {
    const bucket = buckets.get(key);
    return bucket ? Math.min(most, bucket.units + (clock.now() - bucket.atMs) * unitsPerMs) : most;
  }

  /** The map is in the order of last use, so those that have rested longest come first. */
  function forgetRested(): void {
    for (const [key, { atMs }] of buckets) {
      if (clock.now() - atMs < restMs) return;
      buckets.delete(key);
    }
  }

  return {
    covers: ({ key, units }) => key === undefined || left(key) >= Math.min(units, most),
    take({ key, units }) {
      if (key === undefined) return;
      const bucket = { units: Math.max(0, left(key) - units), atMs: clock.now() };
      buckets.delete(key);
      buckets.set(key, bucket);
      forgetRested();
    },
    size: () => buckets.size,
  };
}
