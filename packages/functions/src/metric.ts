import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import { type Metric, setMetricSink } from "@cartwright/core/metric";

const units = { Count: MetricUnit.Count, None: MetricUnit.NoUnit };
const metrics = new Metrics({ namespace: "Cartwright" });

/** Writes each metric to the log at once, in CloudWatch's embedded format: they are rare, and a function may die. */
export function measureToLog(): void {
  setMetricSink(({ name, value, unit, dimensions }: Metric) => {
    const single = metrics.singleMetric();
    single.addDimensions(dimensions);
    single.addMetric(name, units[unit], value);
  });
}
