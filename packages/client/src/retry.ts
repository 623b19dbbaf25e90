/** What is tried again, and when. */
import { longestTimerMs } from "./deadline.ts";
import { NetworkError, ProblemError } from "./error.ts";
import type { Outgoing } from "./request.ts";

export interface Retry {
  /** How often a call is tried at most. */
  tries: number;
  /** How long one try may take, if there can be another. */
  tryTimeoutMs: number;
  /** The longest pause after the first try; it doubles with each further one. */
  firstPauseMs: number;
  longestPauseMs: number;
}

export const defaultRetry: Retry = { tries: 4, tryTimeoutMs: 12_000, firstPauseMs: 200, longestPauseMs: 5_000 };

/** Where time and chance come from, for tests. */
export interface Chance {
  now(): number;
  /** Ends early, by an error, when the signal says so. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  /** At least 0 and less than 1. */
  random(): number;
}

/** Whether it is done once however often it is sent: it only reads, has a key, or changes a version that is gone then. */
export function isRepeatable({ method, idempotencyKey, changesVersion }: Outgoing): boolean {
  return method === "GET" || idempotencyKey !== undefined || changesVersion;
}

/** Too many requests are refused before anything is done, so that any of them may be sent again. */
export function mayPass(error: unknown, repeatable: boolean): boolean {
  if (error instanceof NetworkError) return repeatable;
  if (!(error instanceof ProblemError)) return false;
  return error.status === 429 || (repeatable && [500, 502, 503, 504].includes(error.status));
}

/** Whether the try that failed may have done its work all the same. */
export function mayBeDone(error: unknown): boolean {
  return error instanceof NetworkError || (error instanceof ProblemError && error.status >= 500);
}

/** Anything between none and the longest, so that those who failed together don't come back together. */
export function pauseMsBefore(nextTry: number, error: unknown, retry: Retry, random: () => number): number {
  const longestMs = Math.min(retry.longestPauseMs, retry.firstPauseMs * 2 ** (nextTry - 2));
  const askedMs = error instanceof ProblemError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
  return askedMs + random() * longestMs;
}

export const realChance: Chance = {
  now: () => Date.now(),
  random: () => Math.random(),
  pause: (ms, signal) =>
    new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(
        () => {
          signal.removeEventListener("abort", stop);
          resolve();
        },
        Math.min(ms, longestTimerMs),
      );
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
    }),
};
