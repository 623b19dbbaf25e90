/** The one seam for time: everything in this package that waits or reads the time takes a Clock. */
export interface Clock {
  now(): number;
  /** Runs once at or after `atMs`; a time in the past means as soon as possible, never at once. */
  setTimer(atMs: number, run: () => void): Timer;
  /** Rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Whether the time of a timer has come that hasn't run yet. */
  isBehind(): boolean;
}

export interface Timer {
  cancel(): void;
}

interface Pending {
  atMs: number;
}

/** setTimeout overflows above this and would fire at once. */
const longestTimeoutMs = 2 ** 31 - 1;

const systemTimers = new Set<Pending>();

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(atMs, run) {
    const timer = { atMs };
    let handle: NodeJS.Timeout;
    const arm = () => {
      handle = setTimeout(fire, Math.min(Math.max(0, atMs - Date.now()), longestTimeoutMs));
    };
    // A timeout may be cut short, or fire a millisecond early.
    const fire = () => {
      if (Date.now() < atMs) return arm();
      systemTimers.delete(timer);
      run();
    };
    systemTimers.add(timer);
    arm();
    return {
      cancel: () => {
        systemTimers.delete(timer);
        clearTimeout(handle);
      },
    };
  },
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
  isBehind: () => isAnyDue(systemTimers, Date.now()),
};

/** Time that passes only when a test says so. */
export class ManualClock implements Clock {
  #nowMs: number;
  #pending: (Pending & { run: () => void })[] = [];

  constructor(startMs = Date.parse("2026-01-01T00:00:00Z")) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimer(atMs: number, run: () => void): Timer {
    const timer = { atMs: Math.max(atMs, this.#nowMs), run };
    const after = this.#pending.findIndex((other) => other.atMs > timer.atMs);
    this.#pending.splice(after === -1 ? this.#pending.length : after, 0, timer);
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((other) => other !== timer);
      },
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  isBehind(): boolean {
    return isAnyDue(this.#pending, this.#nowMs);
  }

  get pendingTimers(): number {
    return this.#pending.length;
  }

  /** Runs the timers due within `ms` in order, letting the promises each one woke settle before the next. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    while (this.#pending[0] && this.#pending[0].atMs <= untilMs) await this.#runNext();
    this.#nowMs = untilMs;
  }

  /** Moves time from timer to timer until `work` is done, and no further than `limitMs`. */
  async finish<T>(work: Promise<T>, limitMs = 366 * 86_400_000): Promise<T> {
    const untilMs = this.#nowMs + limitMs;
    let done = false;
    work.then(
      () => {
        done = true;
      },
      () => {
        done = true;
      },
    );
    await settle();
    while (!done) {
      const next = this.#pending[0];
      if (!next) throw new Error("The work is not done, and no timer is left that could continue it.");
      if (next.atMs > untilMs) throw new Error(`The work is not done after ${limitMs} ms of manual time.`);
      await this.#runNext();
    }
    return work;
  }

  async #runNext(): Promise<void> {
    const next = this.#pending.shift();
    if (!next) return;
    this.#nowMs = next.atMs;
    next.run();
    await settle();
  }
}

/** Real time that can be put forward: whatever falls due by that runs as soon as the event loop turns. */
export class SkippingClock implements Clock {
  #offsetMs = 0;
  #timers = new Set<Pending & { rearm(): void }>();

  now(): number {
    return systemClock.now() + this.#offsetMs;
  }

  skip(ms: number): void {
    // What is due already has its turn before it: arming it again, skip after skip, would put it off for ever.
    const nowMs = this.now();
    const waiting = [...this.#timers].filter(({ atMs }) => atMs > nowMs);
    this.#offsetMs += ms;
    for (const timer of waiting.sort((a, b) => a.atMs - b.atMs)) timer.rearm();
  }

  setTimer(atMs: number, run: () => void): Timer {
    const arm = () =>
      systemClock.setTimer(atMs - this.#offsetMs, () => {
        this.#timers.delete(timer);
        run();
      });
    let armed = arm();
    const timer = {
      atMs,
      rearm: () => {
        armed.cancel();
        armed = arm();
      },
    };
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        armed.cancel();
      },
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  isBehind(): boolean {
    return isAnyDue(this.#timers, this.now());
  }
}

function isAnyDue(timers: Iterable<Pending>, nowMs: number): boolean {
  for (const { atMs } of timers) if (atMs <= nowMs) return true;
  return false;
}

function sleepOn(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(clock.now() + ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Two turns of the event loop: all pending promises, and those that hopped over one setImmediate. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
