/** State machines: a deployment changes nothing under way, and what fails is told. */
import { texts } from "../iam.ts";
import type { Machine, Topology } from "../model.ts";
import { named, type Rule } from "./rule.ts";

export const saga: Rule[] = [
  {
    name: "a machine calls functions by the versions that it was published with",
    faults: ({ topology }) =>
      named(topology.machines).flatMap(({ name, thing }) =>
        callsOf(thing)
          .filter(({ arn }) => !pinned(topology).includes(arn))
          .map(({ state, arn }) => `machine ${name} calls ${arn} in ${state}: call a version that is published`),
      ),
  },
  {
    name: "a machine is published, and its alias leads to that version",
    faults: ({ topology }) =>
      named(topology.machines).flatMap(({ name, thing: { version, alias } }) => {
        if (!version) return `machine ${name} publishes no version: a deployment changes what is under way`;
        if (!alias) return `machine ${name} has no alias: there is nothing to roll back`;
        return alias.version === version ? [] : `machine ${name} is started as ${alias.version}, not as ${version}`;
      }),
  },
  {
    name: "a machine is started by its alias",
    faults: ({ topology }) =>
      named(topology.machines).flatMap(({ name, thing }) => {
        const isPast = (arn: string) =>
          arn !== thing.alias?.arn && (arn === thing.arn || arn.startsWith(`${thing.arn}:`));
        return startsOf(topology)
          .filter(({ arn }) => isPast(arn))
          .map(({ by, arn }) => `${by} starts machine ${name} by ${arn}: use its alias`);
      }),
  },
  {
    name: "a state that calls something is tried again, a number of times",
    faults: ({ topology }) =>
      named(topology.machines).flatMap(({ name, thing }) =>
        tasksOf(thing)
          .filter(({ Retry }) => !Retry?.length || !Retry.every(({ MaxAttempts }) => (MaxAttempts ?? 0) > 0))
          .map(({ key }) => `machine ${name} gives up at once in ${key}: let it try again, a number of times`),
      ),
  },
  {
    name: "a machine ends in time, and tells somebody when it fails or does not",
    faults: ({ topology, row }) =>
      named(topology.machines).flatMap(({ name, thing }) => [
        ...(typeof thing.definition.TimeoutSeconds === "number"
          ? []
          : [`machine ${name} has no TimeoutSeconds: set them`]),
        ...["ExecutionsFailed", "ExecutionsTimedOut"]
          .filter((metric) => row.watched && !isWatched(topology, thing, metric))
          .map((metric) => `machine ${name} has no alarm on ${metric}: add one`),
      ]),
  },
  {
    name: "every function and machine is traced",
    faults: ({ topology }) => [
      ...named(topology.functions)
        .filter(({ thing }) => thing.tracing !== "Active")
        .map(({ name }) => `function ${name} is not traced: set its tracing to Active`),
      ...named(topology.machines)
        .filter(({ thing }) => !thing.tracing)
        .map(({ name }) => `machine ${name} is not traced: enable its tracing`),
    ],
  },
];

interface State {
  key: string;
  Type?: string;
  Arguments?: unknown;
  Resource?: string;
  Retry?: { MaxAttempts?: number }[];
}

/** At all depths: branches and iterators hold states of their own. */
function tasksOf({ definition }: Machine): State[] {
  const found: State[] = [];
  const look = (value: unknown, key: string) => {
    if (value === null || typeof value !== "object") return;
    if ((value as State).Type === "Task") found.push({ ...(value as State), key });
    for (const [inner, entry] of Object.entries(value)) look(entry, inner);
  };
  look(definition, "definition");
  return found;
}

function callsOf(machine: Machine): { state: string; arn: string }[] {
  return tasksOf(machine).flatMap((state) => {
    const arns = JSON.stringify([state.Arguments, state.Resource]).match(/arn:aws:lambda:[^"\\]+/g) ?? [];
    return arns.map((arn) => ({ state: state.key, arn }));
  });
}

function pinned({ functions }: Topology): string[] {
  return Object.values(functions).flatMap(({ arn, version }) => (version ? [`${arn}:${version}`] : []));
}

/** By rules, by what functions are linked to, and by what anybody may start. */
function startsOf({ rules, roles, links }: Topology): { by: string; arn: string }[] {
  const ruled = named(rules).flatMap(({ name, thing }) =>
    thing.targets.map(({ arn }) => ({ by: `rule ${name}`, arn })),
  );
  const allowed = named(roles).flatMap(({ name, thing }) =>
    thing.statements
      .filter(({ Action }) => texts(Action).includes("states:StartExecution"))
      .flatMap(({ Resource, Condition }) =>
        texts(Resource).map((arn) => ({ by: `role ${name}`, arn: qualified(arn, Condition) })),
      ),
  );
  const letters = named((links.DeadLetters?.queues ?? {}) as Record<string, { targetArn?: string }>).flatMap(
    ({ name, thing: { targetArn } }) => (targetArn ? [{ by: `the redrive of ${name}`, arn: targetArn }] : []),
  );
  return [...ruled, ...allowed, ...letters];
}

/** The operator for a key that may have several values, as AWS has it for this one. */
const anyOf = "ForAnyValue:StringEquals";

/** Leave is about the machine, and about one alias of it by a condition. */
function qualified(arn: string, condition: unknown): string {
  const { [anyOf]: wanted = {} } = (condition ?? {}) as { [anyOf]?: Record<string, unknown> };
  const [alias, ...others] = texts(wanted["states:StateMachineQualifier"]);
  return alias !== undefined && others.length === 0 ? `${arn}:${alias}` : arn;
}

function isWatched({ alarms, topics }: Topology, machine: Machine, metric: string): boolean {
  const told = Object.values(topics).map(({ arn }) => arn);
  return Object.values(alarms).some(
    (alarm) =>
      alarm.namespace === "AWS/States" &&
      alarm.metric === metric &&
      alarm.dimensions.StateMachineArn === machine.arn &&
      alarm.actions.some((arn) => told.includes(arn)),
  );
}
