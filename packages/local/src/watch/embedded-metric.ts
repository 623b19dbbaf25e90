import * as z from "zod";
import type { MetricName } from "./metric-store.ts";

export class MalformedMetricError extends Error {
  override readonly name = "MalformedMetricError";
}

export interface Measured {
  name: MetricName;
  values: number[];
}

const mostDimensions = 30;
const mostMetrics = 100;
const mostValues = 100;

const Directive = z.object({
  Namespace: z.string().min(1).max(255),
  Dimensions: z.array(z.array(z.string()).max(mostDimensions)).min(1),
  Metrics: z.array(z.object({ Name: z.string().min(1), Unit: z.string().default("None") })).max(mostMetrics),
});

const Line = z.looseObject({ _aws: z.object({ Timestamp: z.number(), CloudWatchMetrics: z.array(Directive) }) });

const Values = z.union([z.number().transform((value) => [value]), z.array(z.number()).min(1).max(mostValues)]);

/**
 * The metrics in a line of a function's log, in CloudWatch's embedded format (its user guide, "Specification: Embedded
 * metric format"). A line that has none is fine; one whose metrics CloudWatch would drop is a MalformedMetricError.
 */
export function embeddedMetrics(text: string): Measured[] {
  const line = metricLine(text);
  if (!line) return [];
  const parsed = Line.safeParse(line);
  if (!parsed.success) throw new MalformedMetricError(`${z.prettifyError(parsed.error)}: ${shortened(text)}`);
  return parsed.data._aws.CloudWatchMetrics.flatMap(({ Namespace: namespace, Dimensions, Metrics }) =>
    Metrics.flatMap(({ Name: metric }) => {
      const values = valuesOf(line, metric);
      return Dimensions.map((names) => ({
        name: { namespace, metric, dimensions: dimensionsOf(line, names) },
        values,
      }));
    }),
  );
}

type Line = Record<string, unknown>;

function metricLine(text: string): Line | undefined {
  if (!text.startsWith("{") || !text.includes('"CloudWatchMetrics"')) return undefined;
  try {
    const line = JSON.parse(text) as Line;
    return typeof line._aws === "object" ? line : undefined;
  } catch {
    return undefined;
  }
}

function valuesOf(line: Line, metric: string): number[] {
  const parsed = Values.safeParse(line[metric]);
  if (parsed.success) return parsed.data;
  throw new MalformedMetricError(
    `${metric} is ${JSON.stringify(line[metric])}, which is no number and no list of them.`,
  );
}

function dimensionsOf(line: Line, names: string[]): Record<string, string> {
  const entries = names.map((name) => {
    const value = line[name];
    if (typeof value === "string" && value !== "") return [name, value];
    throw new MalformedMetricError(`The dimension ${name} is ${JSON.stringify(value)}, which is no text.`);
  });
  return Object.fromEntries(entries);
}

function shortened(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
