/** What is watched, and by alarms that CloudWatch takes and that can go off. */
import type { Alarm, Topology } from "../model.ts";
import { type Named, named, type Rule } from "./rule.ts";

const daySeconds = 24 * 60 * 60;

export const watch: Rule[] = [
  {
    name: "every stream has alarms on how late it is read, and how late its events are published",
    faults: ({ topology, row }) =>
      streamReaders(topology).flatMap(({ name, thing }) => {
        if (!row.watched) return [];
        const { DOMAIN: domain } = thing.environment;
        return [
          ...missing(topology, "AWS/Lambda", "IteratorAge", { FunctionName: thing.name }),
          ...missing(topology, "Cartwright", "RelayLag", { ...own(topology), ...(domain && { domain }) }),
        ].map((metric) => `function ${name} has no alarm on ${metric}: add one`);
      }),
  },
  {
    name: "every table that tells of its changes has alarms on what it refuses",
    faults: ({ topology, row }) =>
      named(topology.tables).flatMap(({ name, thing }) => {
        if (!row.watched || !thing.stream) return [];
        return ["ReadThrottleEvents", "WriteThrottleEvents"]
          .flatMap((metric) => missing(topology, "AWS/DynamoDB", metric, { TableName: thing.name }))
          .map((metric) => `table ${name} has no alarm on ${metric}: add one`);
      }),
  },
  {
    name: "an alarm on a metric of ours has the service and the stage among its dimensions, as the metric has",
    faults: ({ topology }) =>
      named(topology.alarms)
        .filter(({ thing }) => thing.namespace === "Cartwright")
        .filter(({ thing }) => Object.entries(own(topology)).some(([key, value]) => thing.dimensions[key] !== value))
        .map(({ name }) => `alarm ${name} hears nothing of this stage: give it the dimensions service and stage`),
  },
  {
    name: "CloudWatch takes every alarm",
    faults: ({ topology: { alarms, compositeAlarms } }) => {
      const known = Object.values({ ...alarms, ...compositeAlarms }).map(({ name }) => name);
      return [
        ...named<{ description?: string | undefined }>({ ...alarms, ...compositeAlarms })
          .filter(({ thing: { description = "" } }) => description.length > 1024)
          .map(({ name }) => `alarm ${name} has a description of more than 1,024 characters: shorten it`),
        ...named(alarms)
          .filter(({ thing }) => !isEvaluable(thing))
          .map(({ name }) => `alarm ${name} looks at periods that CloudWatch refuses: make them minutes within a day`),
        ...named(compositeAlarms).flatMap(({ name, thing }) =>
          [...thing.rule.matchAll(/"([^"]+)"/g)]
            .filter(([, part]) => !known.includes(part!))
            .map(([, part]) => `alarm ${name} is about ${part}, which is not there: name another`),
        ),
      ];
    },
  },
];

function streamReaders({ mappings, functions }: Topology): Named<Topology["functions"][string]>[] {
  const reading = Object.values(mappings).filter(({ source }) => source.includes(":dynamodb:"));
  return named(functions).filter(({ thing }) => reading.some((mapping) => mapping.function === thing.arn));
}

/** What each metric of our functions is told apart by. */
function own({ app, stage }: Topology): Record<string, string> {
  return { service: app, stage };
}

/** The metric again, unless an alarm on it, by these dimensions and no others, tells somebody. */
function missing(
  { alarms, topics }: Topology,
  namespace: string,
  metric: string,
  dimensions: Record<string, string>,
): string[] {
  const told = Object.values(topics).map(({ arn }) => arn);
  const wanted = keyOf(dimensions);
  const isThere = Object.values(alarms).some(
    (alarm) =>
      alarm.namespace === namespace &&
      alarm.metric === metric &&
      keyOf(alarm.dimensions) === wanted &&
      alarm.actions.some((arn) => told.includes(arn)),
  );
  return isThere ? [] : [metric];
}

function keyOf(dimensions: Record<string, string>): string {
  return JSON.stringify(Object.entries(dimensions).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** All its periods together are a day at most, or a week if they are hours. */
function isEvaluable({ periodSeconds, evaluationPeriods }: Alarm): boolean {
  const longest = periodSeconds < 3600 ? daySeconds : 7 * daySeconds;
  return periodSeconds > 0 && periodSeconds % 60 === 0 && periodSeconds * evaluationPeriods <= longest;
}
