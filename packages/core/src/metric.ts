/** What happened, in numbers. Core says it; the entry points decide how it gets out. */
export interface Metric {
  /** In CloudWatch's spelling, such as `BreakerState`. */
  name: string;
  value: number;
  /** `None`: the value stands for a state, and sums of it mean nothing. */
  unit: "Count" | "None";
  /** Each set of values is a metric of its own and is paid for as such: no ids in here. */
  dimensions: Record<string, string>;
}

let sink = (_metric: Metric): void => {};

export function measure(metric: Metric): void {
  sink(metric);
}

/** Sends metrics elsewhere than nowhere; returns what restores it. It is called in the middle of things: don't throw. */
export function setMetricSink(replacement: (metric: Metric) => void): () => void {
  const previous = sink;
  sink = replacement;
  return () => {
    sink = previous;
  };
}
