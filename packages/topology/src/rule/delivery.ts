/** What is delivered without anybody waiting for an answer: each path of it. */
import type { Alarm, Lambda, Queue, Topology } from "../model.ts";
import { deadLettersOf, pathsOf } from "./path.ts";
import { byArn, type Named, named, type Rule } from "./rule.ts";

/** Within so long an alarm has to go off. */
const soonSeconds = 5 * 60;

const fourteenDaysSeconds = 14 * 24 * 60 * 60;

export const delivery: Rule[] = [
  {
    name: "every rule, queue, stream and schedule leads to something that takes what it gives",
    faults: ({ topology }) => [
      ...idleRules(topology),
      ...switchedOff(topology),
      ...unreadQueues(topology),
      ...emptyLetters(topology),
      ...unreadStreams(topology),
    ],
  },
  {
    name: "every asynchronous path is tried again, and not for ever",
    faults: ({ topology }) =>
      pathsOf(topology).flatMap(({ name, kind, patience: { attempts, ageSeconds } }) => {
        if (kind === "stream" && ageSeconds === undefined) return `${name} is tried for ever: set a maximum age`;
        if (kind !== "stream" && attempts === undefined) return `${name} has no number of attempts: set one`;
        if (kind === "rule" && ageSeconds === undefined) return `${name} has no maximum age: set one`;
        return attempts === 0 ? `${name} is never tried again: allow it one attempt more` : [];
      }),
  },
  {
    name: "every asynchronous path has dead letters",
    faults: ({ topology }) =>
      pathsOf(topology)
        .filter(({ deadLetters }) => !byArn(topology.queues, deadLetters))
        .map(({ name }) => `${name} has no dead letters: what it gives up is lost`),
  },
  {
    name: "dead letters wait for a person as long as SQS can keep them",
    faults: ({ topology }) =>
      deadLettersOf(topology)
        .filter((name) => topology.queues[name]?.retentionSeconds !== fourteenDaysSeconds)
        .map((name) => `queue ${name} forgets letters before 14 days are over: set its retention`),
  },
  {
    name: "what nobody works off is kept as long as SQS can, since a queue forgets without a letter",
    faults: ({ topology }) => {
      const letters = deadLettersOf(topology);
      return named(topology.queues)
        .filter(({ name, thing }) => !letters.includes(name) && thing.retentionSeconds !== fourteenDaysSeconds)
        .map(({ name }) => `queue ${name} forgets work before 14 days are over: set its retention`);
    },
  },
  {
    name: "every queue of dead letters has an alarm that tells somebody",
    faults: ({ topology, row }) =>
      deadLettersOf(topology)
        .filter((name) => row.watched && !watches(topology, name))
        .map((name) => `queue ${name} has no alarm: ${pathsInto(topology, name)} may fail and nobody is told`),
  },
  {
    name: "operators can get at every queue of dead letters",
    faults: ({ topology }) => {
      const known = Object.values((topology.links.DeadLetters?.queues ?? {}) as Record<string, { arn: string }>);
      return deadLettersOf(topology)
        .filter((name) => !known.some(({ arn }) => arn === topology.queues[name]?.arn))
        .map((name) => `queue ${name} is not in the link DeadLetters: npm run ops can't redrive it`);
    },
  },
  {
    name: "a message stays invisible for at least six times as long as its function may run",
    faults: ({ topology }) =>
      readQueues(topology)
        .map(({ queue, reader }) => ({
          path: `queue ${queue.name} → function ${reader.name}`,
          is: queue.thing.visibilityTimeoutSeconds,
          least: 6 * reader.thing.timeoutSeconds,
        }))
        .filter(({ is, least }) => is < least)
        .map(({ path, is, least }) => `${path} offers a message again after ${is} s: make it ${least}`),
  },
  {
    name: "a batch fails message by message, or record by record",
    faults: ({ topology }) =>
      named(topology.mappings).flatMap(({ name, thing }) => [
        ...(thing.partialResponses
          ? []
          : [`the mapping of ${name} repeats all for one: let it report partial failures`]),
        ...(isStream(thing.source) && !thing.bisect
          ? [`the mapping of ${name} is blocked by one record: let it bisect`]
          : []),
      ]),
  },
  {
    name: "a stream is read from its beginning",
    faults: ({ topology }) =>
      named(topology.mappings)
        .filter(({ thing }) => isStream(thing.source) && thing.startingPosition !== "TRIM_HORIZON")
        .map(({ name }) => `the mapping of ${name} misses what is written while it comes up: begin at TRIM_HORIZON`),
  },
];

function isStream(arn: string): boolean {
  return arn.includes(":dynamodb:");
}

function idleRules({ rules }: Topology): string[] {
  return named(rules)
    .filter(({ thing }) => thing.targets.length === 0)
    .map(({ name }) => `rule ${name} has no target: give it one, or remove it`);
}

function switchedOff({ rules, schedules }: Topology): string[] {
  return Object.entries({ rule: rules, schedule: schedules }).flatMap(([kind, things]) =>
    named<{ enabled: boolean }>(things)
      .filter(({ thing }) => !thing.enabled)
      .map(({ name }) => `${kind} ${name} is switched off: switch it on, or remove it`),
  );
}

function unreadQueues(topology: Topology): string[] {
  const letters = deadLettersOf(topology);
  return named(topology.queues)
    .filter(({ name, thing }) => !letters.includes(name) && !reads(topology, thing.arn))
    .map(({ name }) => `queue ${name} is read by no function: subscribe one, or remove it`);
}

function emptyLetters(topology: Topology): string[] {
  const kept = pathsOf(topology).map(({ deadLetters }) => deadLetters);
  return deadLettersOf(topology)
    .filter((name) => !kept.includes(topology.queues[name]?.arn))
    .map((name) => `queue ${name} is nobody's dead letters: give it to what fails, or remove it`);
}

function unreadStreams(topology: Topology): string[] {
  return named(topology.tables)
    .filter(({ thing }) => thing.stream && !reads(topology, thing.stream.arn))
    .map(({ name }) => `stream of ${name} is read by no function: its events are never published`);
}

function reads({ mappings }: Topology, source: string): boolean {
  return Object.values(mappings).some((mapping) => mapping.source === source && mapping.enabled);
}

function watches({ alarms, queues, topics }: Topology, queue: string): boolean {
  const tells = ({ actions }: Alarm) => actions.some((arn) => byArn(topics, arn));
  return Object.values(alarms).some(
    (alarm) =>
      alarm.namespace === "AWS/SQS" &&
      alarm.metric === "ApproximateNumberOfMessagesVisible" &&
      alarm.dimensions.QueueName === queues[queue]?.name &&
      alarm.comparison === "GreaterThanThreshold" &&
      alarm.threshold === 0 &&
      alarm.statistic === "Maximum" &&
      alarm.periodSeconds * alarm.evaluationPeriods <= soonSeconds &&
      tells(alarm),
  );
}

function pathsInto(topology: Topology, queue: string): string {
  const arn = topology.queues[queue]?.arn;
  const paths = pathsOf(topology).filter(({ deadLetters }) => deadLetters === arn);
  return paths.map(({ name }) => name).join(", ") || "what leads there";
}

function readQueues(topology: Topology): { queue: Named<Queue>; reader: Named<Lambda> }[] {
  return named(topology.mappings).flatMap(({ thing }) => {
    const queue = byArn(topology.queues, thing.source);
    const reader = byArn(topology.functions, thing.function);
    return queue && reader ? [{ queue, reader }] : [];
  });
}
