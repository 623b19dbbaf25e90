/** What AWS's services measure of themselves, as far as an alarm asks for it. */
import type { Topology } from "@cartwright/topology";
import type { Clock } from "../clock.ts";
import type { Queues } from "../queue/queue.ts";
import type { MetricStore } from "./metric-store.ts";

export interface AwsMetrics {
  /** Lambda began to run a function, or refused to because as many run as may. */
  invoked(outcome: "ran" | "throttled"): void;
  /** A batch of a stream was handed to a function; its last record was written so long ago. */
  batchRead(functionArn: string, ageMs: number): void;
  executionEnded(machineArn: string, status: "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED"): void;
  /** DynamoDB refused to read or write as much as that, one name for each item. */
  tableThrottled(kind: "read" | "write", tableNames: string[]): void;
  answered(apiId: string, statusCode: number): void;
}

export function createAwsMetrics(store: Pick<MetricStore, "put">, clock: Pick<Clock, "now">): AwsMetrics {
  function put(service: string, metric: string, value: number, dimensions: Record<string, string> = {}): void {
    store.put({ namespace: `AWS/${service}`, metric, dimensions }, value, clock.now());
  }

  return {
    invoked: (outcome) => put("Lambda", "Throttles", outcome === "throttled" ? 1 : 0),
    batchRead: (functionArn, ageMs) =>
      put("Lambda", "IteratorAge", Math.max(0, ageMs), { FunctionName: functionArn.split(":")[6] ?? functionArn }),
    executionEnded(machineArn, status) {
      const metrics = { SUCCEEDED: "Succeeded", FAILED: "Failed", TIMED_OUT: "TimedOut", ABORTED: "Aborted" };
      put("States", `Executions${metrics[status]}`, 1, { StateMachineArn: machineArn });
    },
    tableThrottled(kind, tableNames) {
      const metric = kind === "read" ? "ReadThrottleEvents" : "WriteThrottleEvents";
      for (const TableName of tableNames) put("DynamoDB", metric, 1, { TableName });
    },
    // The average of it is the share of requests that failed.
    answered: (ApiId, statusCode) => put("ApiGateway", "5xx", statusCode >= 500 ? 1 : 0, { ApiId }),
  };
}

/** SQS counts what waits once a minute. The queues that an alarm looks at, by its dimension. */
export function queueSampler(
  { alarms }: Pick<Topology, "alarms">,
  queues: Pick<Queues, "counts">,
  store: Pick<MetricStore, "put">,
): () => (atMs: number) => void {
  const watched = Object.values(alarms).filter(
    ({ namespace, metric }) => namespace === "AWS/SQS" && metric === "ApproximateNumberOfMessagesVisible",
  );
  const names = [...new Set(watched.flatMap(({ dimensions }) => dimensions.QueueName ?? []))];
  return () => {
    const counts = names.map((QueueName) => ({ QueueName, visible: queues.counts(QueueName).visible }));
    return (atMs) => {
      for (const { QueueName, visible } of counts) {
        const metric = "ApproximateNumberOfMessagesVisible";
        store.put({ namespace: "AWS/SQS", metric, dimensions: { QueueName } }, visible, atMs);
      }
    };
  };
}
