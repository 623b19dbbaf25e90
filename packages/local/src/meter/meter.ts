/** What AWS would bill for, and by what it is counted. */
export const usageKinds = [
  /** By route. */
  "apiRequests",
  /** By function. */
  "invocations",
  /** By function: memory × duration. */
  "computeGbSeconds",
  /** By table. Lambda's own reading of a stream is free. */
  "tableWriteUnits",
  "tableReadUnits",
  /** By bus, each 64 KB of an event. */
  "busEvents",
  /** By queue, each 64 KB of a request; a batch is one request. */
  "queueRequests",
  /** By state machine. */
  "expressStarts",
  "expressGbSeconds",
  "standardTransitions",
] as const;
export type UsageKind = (typeof usageKinds)[number];

export interface Amount {
  amount: number;
  /** The part of it that was done for several correlations at once, such as a batch of their messages. */
  shared: number;
}

/** Amounts by kind, then by the name of the resource. Kinds without use are absent. */
export type Usage = { [kind in UsageKind]?: Record<string, Amount> };

export interface UsageRecord {
  /** Who it was done for. Several share the amount evenly; none counts in the total alone. */
  correlationIds: readonly string[];
  name: string;
  amount: number;
}

export interface Meter {
  record(kind: UsageKind, usage: UsageRecord): void;
  report(correlationId: string): Usage;
  total(): Usage;
  reset(): void;
}

/** Remembers the latest correlations only, so that a long run doesn't fill the memory. */
export function createMeter(maximumCorrelations = 10_000): Meter {
  let all: Usage = {};
  let byCorrelation = new Map<string, Usage>();

  function usageOf(correlationId: string): Usage {
    const known = byCorrelation.get(correlationId);
    if (known) return known;
    if (byCorrelation.size >= maximumCorrelations) byCorrelation.delete(byCorrelation.keys().next().value!);
    const usage: Usage = {};
    byCorrelation.set(correlationId, usage);
    return usage;
  }

  return {
    record(kind, { correlationIds, name, amount }) {
      const owners = new Set(correlationIds);
      const isShared = owners.size > 1;
      add(all, kind, name, amount, isShared);
      for (const owner of owners) add(usageOf(owner), kind, name, amount / owners.size, isShared);
    },
    report: (correlationId) => structuredClone(byCorrelation.get(correlationId) ?? {}),
    total: () => structuredClone(all),
    reset() {
      all = {};
      byCorrelation = new Map();
    },
  };
}

function add(usage: Usage, kind: UsageKind, name: string, amount: number, isShared: boolean): void {
  usage[kind] ??= {};
  usage[kind][name] ??= { amount: 0, shared: 0 };
  const count = usage[kind][name];
  count.amount += amount;
  if (isShared) count.shared += amount;
}

/** All names of a kind together. */
export function sumOf(usage: Usage, kind: UsageKind): Amount {
  const counts = Object.values(usage[kind] ?? {});
  return {
    amount: counts.reduce((sum, count) => sum + count.amount, 0),
    shared: counts.reduce((sum, count) => sum + count.shared, 0),
  };
}

const chunkBytes = 65_536;

/** EventBridge and SQS bill each 64 KB chunk of a payload as one, and an empty one as one too. */
export function chunksOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / chunkBytes));
}

/** An Express execution is billed for at least 64 MB, in steps of 100 ms. */
export function expressGbSeconds(durationMs: number, memoryMb = 64): number {
  const billedMs = Math.max(100, Math.ceil(durationMs / 100) * 100);
  const billedMb = Math.max(64, Math.ceil(memoryMb / 64) * 64);
  return (billedMs / 1000) * (billedMb / 1024);
}

/** Lambda bills by the millisecond. */
export function computeGbSeconds(durationMs: number, memoryMb: number): number {
  return (Math.max(1, Math.ceil(durationMs)) / 1000) * (memoryMb / 1024);
}
