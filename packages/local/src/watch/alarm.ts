import type { Alarm, CompositeAlarm, Topology } from "@cartwright/topology";
import type { Clock, Timer } from "../clock.ts";
import { type AlarmRule, AlarmRuleError, parseAlarmRule } from "./alarm-rule.ts";
import { type AlarmState, furtherPeriods, judge, statisticOf, type Verdict } from "./alarm-state.ts";
import { keyOf, type MetricStore, minuteMs } from "./metric-store.ts";

export interface AlarmStatus {
  /** Its name in the stacks; the physical one is in `alarm`. */
  name: string;
  state: AlarmState;
  reason: string;
  sinceMs: number;
  alarm: Alarm | CompositeAlarm;
}

export interface AlarmsOptions {
  topology: Pick<Topology, "account" | "alarms" | "compositeAlarms" | "region">;
  metrics: Pick<MetricStore, "between">;
  clock: Clock;
  /** Measures what is only known by looking at it, and answers what puts it down for a minute that has passed. */
  sample: () => (atMs: number) => void;
  /** Somebody would be told on AWS. */
  onChange: (status: AlarmStatus) => void;
}

export interface Alarms {
  list(): AlarmStatus[];
  stop(): void;
}

export class UnknownAlarmError extends Error {
  override readonly name = "UnknownAlarmError";
}

/** Of minutes that were passed over, as many are made up for at their beginning and at their end. */
const minutesMadeUpFor = 60;

/**
 * CloudWatch's alarms: each is evaluated each minute, by the minutes before it. Throws for what can't be evaluated, naming
 * the alarm: a rule that is wrong, refers to nothing or to itself, or a period of less than minutes.
 */
export function startAlarms({ topology, metrics, clock, sample, onChange }: AlarmsOptions): Alarms {
  const startedAtMs = clock.now();
  const evaluations = evaluationsOf(topology, metrics).map((evaluation) => ({
    ...evaluation,
    status: unevaluated(evaluation, startedAtMs),
  }));
  const byName = new Map(evaluations.flatMap((one) => namesOf(topology, one.alarm).map((name) => [name, one])));
  const stateOf = (name: string) => byName.get(name)!.status.state;
  let isFirst = true;
  let evaluatedMs = minuteOf(startedAtMs) - minuteMs;
  let timer: Timer;

  function evaluate(atMs: number): void {
    for (const one of evaluations) {
      const verdict = one.verdictAt(atMs, stateOf);
      if (!verdict || verdict.state === one.status.state) continue;
      one.status = { ...one.status, ...verdict, sinceMs: atMs };
      if (isTold(one.status) && !(isFirst && verdict.state === "OK")) onChange(one.status);
    }
    isFirst = false;
  }

  function catchUp(): void {
    const note = sample();
    const nowMs = minuteOf(clock.now());
    for (const atMs of minutesBetween(evaluatedMs, nowMs)) {
      // What was measured last belongs to the minute that ends now.
      note(atMs - 1);
      evaluate(atMs);
    }
    evaluatedMs = nowMs;
    timer = clock.setTimer(nowMs + minuteMs, catchUp);
  }

  catchUp();
  return {
    list: () => evaluations.map(({ status }) => status),
    stop: () => timer.cancel(),
  };
}

interface Evaluation {
  name: string;
  alarm: Alarm | CompositeAlarm;
  /** Undefined: it stays as it is. */
  verdictAt(atMs: number, stateOf: (name: string) => AlarmState): Verdict | undefined;
}

/** Each after those that it refers to. */
function evaluationsOf(topology: AlarmsOptions["topology"], metrics: AlarmsOptions["metrics"]): Evaluation[] {
  const simple = Object.entries(topology.alarms).map(([name, alarm]) => metricEvaluation(name, alarm, metrics));
  const known = new Set(simple.flatMap(({ alarm }) => namesOf(topology, alarm)));
  let waiting = Object.entries(topology.compositeAlarms).map(([name, alarm]) => ({
    name,
    alarm,
    rule: ruleOf(name, alarm),
  }));
  const ordered: Evaluation[] = simple;
  while (waiting.length > 0) {
    const isReady = ({ rule }: (typeof waiting)[number]) => rule.names.every((name) => known.has(name));
    const ready = waiting.filter(isReady);
    if (ready.length === 0) throw unknownIn(waiting, known);
    ordered.push(...ready.map(compositeEvaluation));
    for (const { alarm } of ready) for (const name of namesOf(topology, alarm)) known.add(name);
    waiting = waiting.filter((one) => !ready.includes(one));
  }
  return ordered;
}

function metricEvaluation(name: string, alarm: Alarm, metrics: AlarmsOptions["metrics"]): Evaluation {
  const { periodSeconds, evaluationPeriods, statistic } = alarm;
  const periodMs = periodSeconds * 1_000;
  if (periodMs <= 0 || periodMs % minuteMs !== 0) {
    throw new RangeError(`The alarm ${name} has a period of ${periodSeconds} s; whole minutes are evaluated here.`);
  }
  const key = keyOf(alarm);
  return {
    name,
    alarm,
    verdictAt(atMs) {
      const values = Array.from({ length: evaluationPeriods + furtherPeriods }, (_, index) => {
        const fromMs = atMs - (evaluationPeriods + furtherPeriods - index) * periodMs;
        const aggregate = metrics.between(key, fromMs, fromMs + periodMs);
        return aggregate && statisticOf(aggregate, statistic);
      });
      return judge(alarm, values);
    },
  };
}

type Composite = { name: string; alarm: CompositeAlarm; rule: AlarmRule };

function compositeEvaluation({ name, alarm, rule }: Composite): Evaluation {
  return {
    name,
    alarm,
    verdictAt(_atMs, stateOf) {
      const holds = rule.holds(stateOf);
      const parts = rule.names.map((part) => `${part} is ${stateOf(part)}`).join(", ");
      return { state: holds ? "ALARM" : "OK", reason: parts || alarm.rule };
    },
  };
}

function ruleOf(name: string, { rule }: CompositeAlarm): AlarmRule {
  try {
    return parseAlarmRule(rule);
  } catch (error) {
    if (!(error instanceof AlarmRuleError)) throw error;
    throw new AlarmRuleError(`The alarm ${name}: ${error.message}`, { cause: error });
  }
}

function unknownIn([first]: Composite[], known: Set<string>): UnknownAlarmError {
  const names = first!.rule.names.filter((name) => !known.has(name)).join(", ");
  return new UnknownAlarmError(`The alarm ${first!.name} refers to ${names}: no such alarm, or it refers back to it.`);
}

export function arnOf({ region, account }: Pick<Topology, "account" | "region">, name: string): string {
  return `arn:aws:cloudwatch:${region}:${account}:alarm:${name}`;
}

function namesOf(topology: Pick<Topology, "account" | "region">, { name }: Alarm | CompositeAlarm): string[] {
  return [name, arnOf(topology, name)];
}

function unevaluated({ name, alarm }: Evaluation, sinceMs: number): AlarmStatus {
  return { name, alarm, state: "INSUFFICIENT_DATA", reason: "Not evaluated yet.", sinceMs };
}

function isTold({ state, alarm }: AlarmStatus): boolean {
  if (state === "INSUFFICIENT_DATA") return false;
  return (state === "ALARM" ? alarm.actions : alarm.okActions).length > 0;
}

function minuteOf(timeMs: number): number {
  return Math.floor(timeMs / minuteMs) * minuteMs;
}

/** After the first up to the last, but for the middle of a long time. */
function minutesBetween(fromMs: number, toMs: number): number[] {
  const count = (toMs - fromMs) / minuteMs;
  const steps = Array.from({ length: Math.min(count, 2 * minutesMadeUpFor) }, (_, index) => index + 1);
  const skipped = count - steps.length;
  return steps.map((step) => fromMs + (step > minutesMadeUpFor ? step + skipped : step) * minuteMs);
}
