import fc from "fast-check";

/**
 * How often a property is tried: `PROPERTY_RUNS` times as often as usual, for a thorough look. What has failed fails again
 * with the seed that fast-check prints, given as `PROPERTY_SEED`, and as many runs.
 */
export function propertyRuns(usual: number): { numRuns: number; seed?: number } {
  const { PROPERTY_RUNS: factor = "1", PROPERTY_SEED: seed } = process.env;
  return { numRuns: usual * Number(factor), ...(seed && { seed: Number(seed) }) };
}

/** What `setRandom` takes: numbers that a failing run draws again. */
export const chances = fc.infiniteStream(fc.noBias(fc.nat(999)).map((thousandths) => thousandths / 1000));
