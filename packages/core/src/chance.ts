let next = (): number => Math.random();

/** The one place where domain code leaves something to chance, so that a test can replay it. From 0 up to 1. */
export function random(): number {
  return next();
}

/** Replaces chance; returns what restores it. `nextNumber` answers a number from 0 up to, but without, 1. */
export function setRandom(nextNumber: () => number): () => void {
  const previous = next;
  next = nextNumber;
  return () => {
    next = previous;
  };
}
