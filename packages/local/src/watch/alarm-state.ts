import type { Alarm } from "@cartwright/topology";
import type { Aggregate } from "./metric-store.ts";

export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

export interface Verdict {
  state: AlarmState;
  reason: string;
}

type Rule = Pick<
  Alarm,
  "namespace" | "comparison" | "threshold" | "datapointsToAlarm" | "evaluationPeriods" | "treatMissingData"
>;

/**
 * How many periods before the evaluated ones are looked at when some of those have no value: CloudWatch doesn't say, its
 * examples have two (user guide, "Configuring how CloudWatch alarms treat missing data").
 */
export const furtherPeriods = 2;

/** By the values of the latest periods, the oldest first; undefined when the alarm stays as it is. */
export function judge(alarm: Rule, values: readonly (number | undefined)[]): Verdict | undefined {
  const real = values.filter((value) => value !== undefined);
  const missing = alarm.evaluationPeriods - real.length;
  if (missing <= 0) return verdictOf(alarm, real.slice(-alarm.evaluationPeriods), 0);
  const treatment = treatmentOf(alarm);
  if (treatment === "notBreaching" || treatment === "breaching") {
    return verdictOf(alarm, real, missing, treatment === "breaching");
  }
  const breaches = real.filter((value) => isBreaching(alarm, value)).length;
  if (breaches >= alarm.datapointsToAlarm || breaches < real.length) return verdictOf(alarm, real, missing);
  if (treatment === "ignore") return undefined;
  if (real.length === 0) return { state: "INSUFFICIENT_DATA", reason: "No value in any of the periods." };
  return isOldEnough(alarm, values) ? { state: "ALARM", reason: told(alarm, real, missing) } : undefined;
}

export function statisticOf(aggregate: Aggregate, statistic: Alarm["statistic"]): number {
  const values: Record<Alarm["statistic"], number> = {
    Average: aggregate.sum / aggregate.count,
    Maximum: aggregate.maximum,
    Minimum: aggregate.minimum,
    SampleCount: aggregate.count,
    Sum: aggregate.sum,
  };
  return values[statistic];
}

/** DynamoDB's metrics are the exception: what is missing of them is ignored unless it was said to be good or bad. */
function treatmentOf({ namespace, treatMissingData }: Rule): Rule["treatMissingData"] {
  return namespace === "AWS/DynamoDB" && treatMissingData === "missing" ? "ignore" : treatMissingData;
}

function verdictOf(alarm: Rule, real: number[], missing: number, isMissingBreaching = false): Verdict {
  const breaches = real.filter((value) => isBreaching(alarm, value)).length + (isMissingBreaching ? missing : 0);
  const state = breaches >= alarm.datapointsToAlarm ? "ALARM" : "OK";
  return { state, reason: told(alarm, real, missing) };
}

/** A value that breaches sets the alarm off once enough periods have passed without another one that doesn't. */
function isOldEnough({ datapointsToAlarm }: Rule, values: readonly (number | undefined)[]): boolean {
  const oldest = values.findIndex((value) => value !== undefined);
  return values.length - oldest >= datapointsToAlarm;
}

const comparisons: Record<Alarm["comparison"], { holds: (value: number, threshold: number) => boolean; sign: string }> =
  {
    GreaterThanOrEqualToThreshold: { holds: (value, threshold) => value >= threshold, sign: "≥" },
    GreaterThanThreshold: { holds: (value, threshold) => value > threshold, sign: ">" },
    LessThanOrEqualToThreshold: { holds: (value, threshold) => value <= threshold, sign: "≤" },
    LessThanThreshold: { holds: (value, threshold) => value < threshold, sign: "<" },
  };

function isBreaching({ comparison, threshold }: Rule, value: number): boolean {
  return comparisons[comparison].holds(value, threshold);
}

function told(alarm: Rule, real: number[], missing: number): string {
  const { datapointsToAlarm, evaluationPeriods, comparison, threshold } = alarm;
  const values = real.map((value) => String(Number(value.toPrecision(6))));
  if (missing > 0) values.push(`${missing} without a value`);
  const needed = `${datapointsToAlarm} of ${evaluationPeriods} ${comparisons[comparison].sign} ${threshold}`;
  return `${values.join(", ")} (goes off at ${needed})`;
}
