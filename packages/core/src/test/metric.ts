/** What is measured while a test runs. */
import { onTestFinished } from "vitest";
import { type Metric, setMetricSink } from "../metric.ts";

export interface Measured {
  /** The values of a metric in the order in which they came, with the dimensions that were asked for. */
  valuesOf(name: string, dimensions?: Record<string, string>): number[];
  all: Metric[];
}

/** Until the test is over. */
export function collectMetrics(): Measured {
  const all: Metric[] = [];
  onTestFinished(setMetricSink((metric) => all.push(metric)));
  const matches = (metric: Metric, dimensions: Record<string, string>) =>
    Object.entries(dimensions).every(([name, value]) => metric.dimensions[name] === value);
  const valuesOf = (name: string, dimensions: Record<string, string> = {}) =>
    all.filter((metric) => metric.name === name && matches(metric, dimensions)).map(({ value }) => value);
  return { all, valuesOf };
}
