import { physicalName } from "./stage.ts";

/** What alarms tell, and whoever is on call subscribes to: docs/operations.md says how. */
export const alarms = new sst.aws.SnsTopic("Alarms");

interface Watched {
  metric: string;
  dimensions?: Record<string, $util.Input<string>>;
  threshold: number;
  /** What has happened and what to do: it is the text of the notification. */
  description: string;
  /** Of the values within a period (default `Sum`). */
  statistic?: "Maximum" | "Sum";
  /** A multiple of 60 (default), and longer than the longest time between two values of what goes on. */
  periodSeconds?: number;
}

/** Goes off within minutes of a letter that waits in `queue` for a person, and tells when none waits any more. */
export function alarmOnLetters(name: string, queue: sst.aws.Queue, description: string) {
  return alarm(name, "AWS/SQS", {
    metric: "ApproximateNumberOfMessagesVisible",
    dimensions: { QueueName: queue.nodes.queue.name },
    statistic: "Maximum",
    threshold: 0,
    description,
  });
}

/** Goes off by a metric that our own functions write. Its dimensions must be exactly those that they write it with. */
export function alarmOnMetric(name: string, watched: Watched) {
  return alarm(name, "Cartwright", watched);
}

function alarm(name: string, namespace: string, watched: Watched) {
  return new aws.cloudwatch.MetricAlarm(name, {
    name: physicalName(name, 255),
    alarmDescription: watched.description,
    namespace,
    metricName: watched.metric,
    ...(watched.dimensions && { dimensions: watched.dimensions }),
    statistic: watched.statistic ?? "Sum",
    comparisonOperator: "GreaterThanThreshold",
    threshold: watched.threshold,
    period: watched.periodSeconds ?? 60,
    evaluationPeriods: 1,
    // Nothing was measured, since nothing happened.
    treatMissingData: "notBreaching",
    alarmActions: [alarms.arn],
    okActions: [alarms.arn],
  });
}
