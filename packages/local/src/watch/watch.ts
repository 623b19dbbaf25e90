import type { Topology } from "@cartwright/topology";
import type { Clock } from "../clock.ts";
import type { LogLine } from "../function/function-host.ts";
import type { Operations } from "../http/endpoint.ts";
import type { Queues } from "../queue/queue.ts";
import { type AlarmStatus, startAlarms } from "./alarm.ts";
import { alarmOperations } from "./alarm-api.ts";
import { type AwsMetrics, createAwsMetrics, queueSampler } from "./aws-metric.ts";
import { embeddedMetrics, MalformedMetricError } from "./embedded-metric.ts";
import { createMetricStore, type Metrics } from "./metric-store.ts";

export interface WatchOptions {
  topology: Topology;
  queues: Queues;
  clock: Clock;
  /** An alarm has gone off, or is over. */
  onAlarm: (status: AlarmStatus) => void;
  onError: (error: unknown) => void;
}

/** CloudWatch: metrics, and the alarms on them. */
export interface Watch {
  metrics: Metrics;
  aws: AwsMetrics;
  /** Takes in the metrics that a function has written to its log. */
  read(line: LogLine): void;
  alarms(): AlarmStatus[];
  operations: Operations;
  stop(): void;
}

export function openWatch({ topology, queues, clock, onAlarm, onError }: WatchOptions): Watch {
  const store = createMetricStore();
  const sample = queueSampler(topology, queues, store);
  const alarms = startAlarms({ topology, metrics: store, clock, sample, onChange: onAlarm });
  return {
    metrics: store,
    aws: createAwsMetrics(store, clock),
    read({ text, timeMs, functionName }) {
      try {
        for (const { name, values } of embeddedMetrics(text))
          for (const value of values) store.put(name, value, timeMs);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        onError(
          new MalformedMetricError(`A metric of ${functionName} is none that CloudWatch takes: ${reason}`, { cause }),
        );
      }
    },
    alarms: alarms.list,
    operations: alarmOperations(topology, alarms.list),
    stop: alarms.stop,
  };
}
