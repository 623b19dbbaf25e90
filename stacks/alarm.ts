import { physicalName, stage, stageName } from "./deployment.ts";

/** What alarms tell, and whoever is on call subscribes to: docs/operations.md says how. */
export const alarms = new sst.aws.SnsTopic("Alarms");

/** Of every alarm there is, as the stacks give them. */
export const alarmNames = new Set<string>();

interface Watched {
  metric: string;
  dimensions?: Record<string, $util.Input<string>>;
  /** What must be exceeded. */
  threshold: number;
  /** What has happened and where to look: with the page, it is the text of the notification. */
  description: string;
  /** In docs/runbook, what to do: the alarm's own name, unless it shares one with its like. */
  page?: string;
  /** Of the values within a period (default `Sum`). */
  statistic?: "Average" | "Maximum" | "Sum";
  /** A multiple of 60 (default), and longer than the longest time between two values of what goes on. */
  periodSeconds?: number;
  /** How many periods in a row (default 1). */
  periods?: number;
}

/** Goes off within minutes of a letter that waits in `queue` for a person, and tells when none waits any more. */
export function alarmOnLetters(name: string, queue: sst.aws.Queue, told: Pick<Watched, "description" | "page">): void {
  alarmOn(name, "AWS/SQS", {
    ...told,
    metric: "ApproximateNumberOfMessagesVisible",
    dimensions: { QueueName: queue.nodes.queue.name },
    statistic: "Maximum",
    threshold: 0,
  });
}

/** Goes off by a metric that our own functions write, as packages/functions/src/metric.ts does. */
export function alarmOnMetric(name: string, watched: Watched): void {
  alarmOn(name, "Cartwright", { ...watched, dimensions: ours(watched.dimensions) });
}

/** Goes off by a metric of AWS's own. */
export function alarmOn(name: string, namespace: string, watched: Watched): void {
  if (!stage.watched) return;
  measured(name, namespace, { ...watched, description: text(name, watched) }, [alarms.arn]);
}

interface Part extends Omit<Watched, "description"> {
  name: string;
}

/** Goes off while all of its parts do, by metrics of our own functions; a part alone tells nobody. */
export function alarmOnAll(name: string, description: string, parts: Part[]): void {
  if (!stage.watched) return;
  const watching = parts.map(({ name: part, ...watched }) =>
    measured(part, "Cartwright", { ...watched, dimensions: ours(watched.dimensions) }, []),
  );
  new aws.cloudwatch.CompositeAlarm(name, {
    alarmName: physicalName(name, 255),
    alarmDescription: text(name, { description }),
    alarmRule: $util
      .all(watching.map((part) => part.name))
      .apply((names) => names.map((part) => `ALARM("${part}")`).join(" AND ")),
    alarmActions: [alarms.arn],
    okActions: [alarms.arn],
  });
  alarmNames.add(name);
}

function text(name: string, { description, page = name }: Pick<Watched, "description" | "page">): string {
  return `${description} Runbook: docs/runbook/${page}.md`;
}

/** An alarm hears a metric by its dimensions exactly. */
export function ours(dimensions: Watched["dimensions"] = {}) {
  return { service: $app.name, stage: stageName, ...dimensions };
}

function measured(
  name: string,
  namespace: string,
  {
    metric,
    dimensions,
    statistic = "Sum",
    threshold,
    ...more
  }: Omit<Watched, "description"> & { description?: string },
  actions: $util.Input<string>[],
) {
  alarmNames.add(name);
  return new aws.cloudwatch.MetricAlarm(name, {
    name: physicalName(name, 255),
    ...(more.description !== undefined && { alarmDescription: more.description }),
    namespace,
    metricName: metric,
    ...(dimensions && { dimensions }),
    statistic,
    comparisonOperator: "GreaterThanThreshold",
    threshold,
    period: more.periodSeconds ?? 60,
    evaluationPeriods: more.periods ?? 1,
    // Nothing was measured, since nothing happened.
    treatMissingData: "notBreaching",
    alarmActions: actions,
    okActions: actions,
  });
}
