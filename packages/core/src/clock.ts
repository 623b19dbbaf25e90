import { setTimeout as sleep } from "node:timers/promises";

let read = () => Date.now();
let wait = (ms: number): Promise<void> => sleep(ms);

/** The one place where domain code learns the time, so that tests and a simulator can set it. */
export function now(): Date {
  return new Date(read());
}

/** Replaces the clock; returns what restores it. `readMs` answers milliseconds since the epoch. */
export function setClock(readMs: () => number): () => void {
  const previous = read;
  read = readMs;
  return () => {
    read = previous;
  };
}

/** Lets so much time pass before something is tried again. */
export function pause(ms: number): Promise<void> {
  return wait(ms);
}

/** Replaces how time is let pass, for a run in slow motion; returns what restores it. */
export function setPause(waitMs: (ms: number) => Promise<void>): () => void {
  const previous = wait;
  wait = waitMs;
  return () => {
    wait = previous;
  };
}
