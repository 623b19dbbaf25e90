let read = () => Date.now();

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
