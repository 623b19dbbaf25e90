import type { Alarm, CompositeAlarm, Topology } from "@cartwright/topology";
import * as z from "zod";
import { AwsError } from "../http/aws-error.ts";
import type { Operations } from "../http/endpoint.ts";
import { type AlarmStatus, arnOf } from "./alarm.ts";

const AlarmType = z.enum(["MetricAlarm", "CompositeAlarm"]);

/** The filters that are left out here are refused, since an answer that ignores one would mislead. */
const DescribeInput = z.strictObject({
  AlarmNames: z.array(z.string()).max(100).optional(),
  AlarmNamePrefix: z.string().min(1).optional(),
  /** As on AWS, whoever doesn't ask for composite ones sees none. */
  AlarmTypes: z.array(AlarmType).default(["MetricAlarm"]),
  StateValue: z.enum(["OK", "ALARM", "INSUFFICIENT_DATA"]).optional(),
  MaxRecords: z.int().min(1).max(100).default(50),
  NextToken: z.string().optional(),
});
type DescribeInput = z.infer<typeof DescribeInput>;

/** What CloudWatch is asked about alarms. */
export function alarmOperations(topology: Pick<Topology, "account" | "region">, list: () => AlarmStatus[]): Operations {
  return {
    DescribeAlarms(raw) {
      const parsed = DescribeInput.safeParse(raw);
      if (!parsed.success) throw new AwsError("ValidationError", z.prettifyError(parsed.error));
      const input = parsed.data;
      if (input.AlarmNames && input.AlarmNamePrefix !== undefined) {
        throw new AwsError("ValidationError", "AlarmNames and AlarmNamePrefix exclude each other.");
      }
      const start = input.NextToken === undefined ? 0 : startOf(input.NextToken);
      const found = list()
        .filter((status) => isMeant(input, status))
        .toSorted((one, other) => (one.alarm.name < other.alarm.name ? -1 : 1));
      const page = found.slice(start, start + input.MaxRecords);
      const end = start + page.length;
      return {
        MetricAlarms: page.flatMap((status) => metricAlarm(topology, status)),
        CompositeAlarms: page.flatMap((status) => compositeAlarm(topology, status)),
        ...(end < found.length && { NextToken: tokenOf(end) }),
      };
    },
  };
}

function isMeant({ AlarmNames, AlarmNamePrefix, AlarmTypes, StateValue }: DescribeInput, status: AlarmStatus): boolean {
  const { alarm, state } = status;
  if (!AlarmTypes.includes(isComposite(alarm) ? "CompositeAlarm" : "MetricAlarm")) return false;
  if (StateValue !== undefined && state !== StateValue) return false;
  if (AlarmNamePrefix !== undefined && !alarm.name.startsWith(AlarmNamePrefix)) return false;
  return AlarmNames?.includes(alarm.name) ?? true;
}

function isComposite(alarm: Alarm | CompositeAlarm): alarm is CompositeAlarm {
  return "rule" in alarm;
}

function metricAlarm(topology: Pick<Topology, "account" | "region">, status: AlarmStatus): object[] {
  const { alarm } = status;
  if (isComposite(alarm)) return [];
  return [
    {
      ...common(topology, status),
      Namespace: alarm.namespace,
      MetricName: alarm.metric,
      Dimensions: Object.entries(alarm.dimensions).map(([Name, Value]) => ({ Name, Value })),
      Statistic: alarm.statistic,
      Period: alarm.periodSeconds,
      EvaluationPeriods: alarm.evaluationPeriods,
      DatapointsToAlarm: alarm.datapointsToAlarm,
      Threshold: alarm.threshold,
      ComparisonOperator: alarm.comparison,
      TreatMissingData: alarm.treatMissingData,
    },
  ];
}

function compositeAlarm(topology: Pick<Topology, "account" | "region">, status: AlarmStatus): object[] {
  const { alarm } = status;
  return isComposite(alarm) ? [{ ...common(topology, status), AlarmRule: alarm.rule }] : [];
}

function common(topology: Pick<Topology, "account" | "region">, { alarm, state, reason, sinceMs }: AlarmStatus) {
  return {
    AlarmName: alarm.name,
    AlarmArn: arnOf(topology, alarm.name),
    ...(alarm.description !== undefined && { AlarmDescription: alarm.description }),
    ActionsEnabled: true,
    AlarmActions: alarm.actions,
    OKActions: alarm.okActions,
    InsufficientDataActions: [],
    StateValue: state,
    StateReason: reason,
    StateUpdatedTimestamp: sinceMs / 1_000,
    StateTransitionedTimestamp: sinceMs / 1_000,
  };
}

function tokenOf(start: number): string {
  return Buffer.from(JSON.stringify({ start })).toString("base64url");
}

function startOf(token: string): number {
  const [, start] = /^\{"start":(\d+)\}$/.exec(Buffer.from(token, "base64url").toString()) ?? [];
  if (start === undefined) throw new AwsError("InvalidNextToken", "The token is none that this service has given.");
  return Number(start);
}
