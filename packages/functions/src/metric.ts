import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import { type Metric, setMetricSink } from "@cartwright/core/metric";
import { Resource } from "sst";

const units = { Count: MetricUnit.Count, None: MetricUnit.NoUnit, Seconds: MetricUnit.Seconds };
const metrics = new Metrics({ namespace: "Cartwright" });

/**
 * Writes each metric to the log at once, in CloudWatch's embedded format: they are rare, and a function may die. Each has
 * the stage among its dimensions, since an account may hold several.
 */
export function measureToLog(): void {
  setMetricSink(({ name, value, unit, dimensions, about = {} }: Metric) => {
    const single = metrics.singleMetric();
    single.addDimensions({ stage: Resource.App.stage, ...dimensions });
    for (const [key, text] of Object.entries(about)) single.addMetadata(key, text);
    single.addMetric(name, units[unit], value);
  });
}
