export class IdleTimeoutError extends Error {
  override readonly name = "IdleTimeoutError";
}

/** Knows which parts of the runtime are at work, or could be at once; what waits for time to pass doesn't count. */
export interface Activity {
  watch(name: string, isBusy: () => boolean): void;
  /** Resolves when no part is busy. Rejects, naming those that are, after `limitMs` of real time. */
  idle(limitMs?: number): Promise<void>;
}

export function createActivity(): Activity {
  const parts: { name: string; isBusy: () => boolean }[] = [];
  const busyOnes = () => parts.flatMap(({ name, isBusy }) => (isBusy() ? [name] : [])).join(", ");
  return {
    watch(name, isBusy) {
      parts.push({ name, isBusy });
    },
    async idle(limitMs = 60_000) {
      const untilMs = Date.now() + limitMs;
      for (;;) {
        // What one part hands to the next may take a turn of the event loop to arrive.
        await new Promise((resolve) => setImmediate(resolve));
        // One is enough: asking all of them, again and again, would take the time that their work needs.
        if (!parts.some(({ isBusy }) => isBusy())) return;
        if (Date.now() > untilMs) throw new IdleTimeoutError(`Still at work after ${limitMs} ms: ${busyOnes()}.`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}
