/** What happened, in numbers. Core says it; the entry points decide how it gets out. */
export interface Metric {
  /** In CloudWatch's spelling, such as `BreakerState`. */
  name: string;
  value: number;
  /** `None`: the value stands for a state, and sums of it mean nothing. */
  unit: "Count" | "None" | "Seconds";
  /** Each set of values is a metric of its own and is paid for as such: no ids in here. */
  dimensions: Record<string, string>;
  /** Which one it is about, for whoever looks at the log line of a metric that has raised an alarm. */
  about?: Record<string, string>;
}

let sink = (_metric: Metric): void => {};

/** Never throws: what has been done is not undone because nobody could count it. */
export function measure(metric: Metric): void {
  try {
    sink(metric);
  } catch {}
}

/** Sends metrics elsewhere than nowhere; returns what restores it. */
export function setMetricSink(replacement: (metric: Metric) => void): () => void {
  const previous = sink;
  sink = replacement;
  return () => {
    sink = previous;
  };
}
