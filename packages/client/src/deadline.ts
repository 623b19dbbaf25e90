/** The end of one's patience: by the caller's signal, or after a while. */
import { TimeoutError } from "./error.ts";

export interface Deadline {
  signal: AbortSignal;
  /** Forgets the timer and the caller's signal. */
  release(): void;
}

/** A longer timer would go off at once. */
export const longestTimerMs = 2 ** 31 - 1;

export function startDeadline(
  ms: number,
  { signal: outer, idempotencyKey }: { signal?: AbortSignal | undefined; idempotencyKey?: string | undefined },
): Deadline {
  const controller = new AbortController();
  const pass = () => controller.abort(outer?.reason);
  const expire = () => controller.abort(new TimeoutError(`there was no answer within ${ms} ms`, { idempotencyKey }));
  const timer = ms > longestTimerMs ? undefined : setTimeout(expire, ms);
  if (outer?.aborted) pass();
  else outer?.addEventListener("abort", pass, { once: true });
  return {
    signal: controller.signal,
    release: () => {
      clearTimeout(timer);
      outer?.removeEventListener("abort", pass);
    },
  };
}

/** The promise's outcome, unless the signal comes first; what the promise stands for goes on. */
export function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
