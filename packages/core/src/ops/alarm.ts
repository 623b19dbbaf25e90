/** What watches the stage, as CloudWatch sees it now. */
import { type CompositeAlarm, DescribeAlarmsCommand, type MetricAlarm } from "@aws-sdk/client-cloudwatch";
import { Resource } from "sst";
import * as z from "zod";
import { reaching } from "../aws-fault.ts";
import { lazy } from "../lazy.ts";
import { cloudWatch } from "./client.ts";
import type { Alarm, Health } from "./schema.ts";

/** While one of these is on, orders or money are being lost; all others tell of what waits for a person. */
export const urgentAlarms: readonly string[] = [
  "ApiServerErrors",
  "CapturedUnconfirmed",
  "LedgerMismatch",
  "NegativeStock",
  "OldestPendingOrder",
  "OrderSuccessFastBurn",
  "OrderSuccessSlowBurn",
  "SandboxBreakerOpen",
  "StripeBreakerOpen",
];

/** Every alarm that the stage was deployed with, as they are declared; none on a stage that nobody watches. */
export async function alarmsOfStage(): Promise<Alarm[]> {
  const { prefix, names } = stageAlarms();
  if (names.length === 0) return [];
  const found = new Map((await describeAlarms(prefix)).map((alarm) => [alarm.AlarmName, alarm]));
  return names.map((name) => toAlarm(name, found.get(prefix + name)));
}

const states: Record<string, Alarm["state"]> = { OK: "ok", ALARM: "alarm", INSUFFICIENT_DATA: "insufficient_data" };

/** One that somebody has deleted by hand is told as well: nobody would be called. */
export function toAlarm(name: string, described: Described | undefined): Alarm {
  const urgent = urgentAlarms.includes(name);
  if (!described) return { name, state: "missing", calls: false, muted: false, urgent };
  const { AlarmDescription = "", StateValue, StateReason: reason } = described;
  const since = described.StateTransitionedTimestamp ?? described.StateUpdatedTimestamp;
  const calls = (described.AlarmActions ?? []).length > 0;
  return {
    ...{ name, urgent, calls, state: states[StateValue ?? ""] ?? "insufficient_data" },
    muted: calls && described.ActionsEnabled === false,
    ...(since && { since: since.toISOString() }),
    ...toldIn(AlarmDescription),
    ...(reason && { reason }),
  };
}

/** The stacks put the page of the runbook behind the sentences: it has to be in the notification as well. */
function toldIn(text: string): Pick<Alarm, "description" | "runbook"> {
  const [description, runbook] = text.split(" Runbook: ");
  return { ...(description && { description }), ...(runbook && { runbook }) };
}

/** How the stage is. An alarm that calls nobody is part of another one, which says whether the parts together matter. */
export function statusOf(
  alarms: readonly Pick<Alarm, "state" | "urgent" | "calls">[],
  { hasLetters }: { hasLetters: boolean },
): Health["status"] {
  const calling = alarms.filter(({ state, calls }) => state === "alarm" && calls);
  if (calling.some(({ urgent }) => urgent)) return "failing";
  const isUnwatched = alarms.some(({ state }) => state === "missing");
  return calling.length > 0 || isUnwatched || hasLetters ? "degraded" : "healthy";
}

/** The names of this stage's alarms, without the prefix that they have at AWS. */
const stageAlarms = lazy(() =>
  z.object({ prefix: z.string(), names: z.array(z.string()) }).parse(Resource.StageAlarms),
);

type Described = MetricAlarm | CompositeAlarm;

/** Those whose names begin like this: they may be of another stage, whose name begins with this one's. */
async function describeAlarms(prefix: string): Promise<Described[]> {
  const all: Described[] = [];
  let NextToken: string | undefined;
  do {
    const command = new DescribeAlarmsCommand({
      AlarmNamePrefix: prefix,
      AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
      MaxRecords: 100,
      NextToken,
    });
    const page = await reaching("the alarms", cloudWatch().send(command));
    all.push(...(page.MetricAlarms ?? []), ...(page.CompositeAlarms ?? []));
    NextToken = page.NextToken;
  } while (NextToken);
  return all;
}
