/** Who consumes which events, by the rules of the bus. */
import { type EventPattern, matches, parsePattern } from "./event-pattern.ts";
import { TopologyError } from "./fail.ts";
import type { Rule, Topology } from "./model.ts";

export interface Subscriber {
  /** By which operators know it: the function's logical name or, of a state machine, that of the rule that starts it. */
  name: string;
  kind: "function" | "state machine";
  /** Logical name of the queue between the bus and the function; the bus starts a state machine itself. */
  queue?: string;
  /** What the rule leads to: that queue or the state machine. */
  targetArn: string;
  /** Logical name of the queue where what it can't consume waits for a person. */
  deadLetters: string;
  /** Whether its rule takes such an event. One that looks at the content may take it, and so counts. */
  takes(event: { name: string; source: string }): boolean;
}

/**
 * All whom live events reach, by name: no rule that is switched off, and none that only takes what is replayed. Throws
 * a `TopologyError` naming the rule that leads nowhere or can't be read.
 */
export function subscribersOf(topology: Topology): Subscriber[] {
  return Object.entries(topology.rules)
    .flatMap(([name, rule]) => subscribersBy(topology, name, rule))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

function subscribersBy(topology: Topology, rule: string, { enabled, pattern, targets }: Rule): Subscriber[] {
  if (!enabled || !pattern) return [];
  const parsed = parsePattern(pattern, `rule ${rule}`);
  if (!matches(only(parsed, ["replay-name"]), {})) return [];
  const named = only(parsed, ["replay-name", "source", "detail-type"]);
  const takes: Subscriber["takes"] = ({ name, source }) => matches(named, { source, "detail-type": name });
  return targets.map((target) => ({ ...subscriberAt(topology, rule, target), takes }));
}

/** The pattern as far as it is about these fields of an event. */
function only({ rules }: EventPattern, fields: string[]): EventPattern {
  const isAsked = ({ name }: { name: string }) => fields.includes(name);
  return {
    rules: rules.map(({ leaves, nested }) => ({ leaves: leaves.filter(isAsked), nested: nested.filter(isAsked) })),
  };
}

type Target = Rule["targets"][number];

function subscriberAt(topology: Topology, rule: string, target: Target): Omit<Subscriber, "takes"> {
  const { machines, queues, mappings, functions } = topology;
  const machine = Object.values(machines).some(({ arn, alias }) => [arn, alias?.arn].includes(target.arn));
  const common = { targetArn: target.arn, deadLetters: deadLettersOf(topology, rule, target) };
  if (machine) return { name: rule, kind: "state machine", ...common };
  const queue = nameOf(queues, target.arn);
  if (!queue) throw new TopologyError(`the rule ${rule} leads to ${target.arn}, which is neither queue nor machine`);
  const reader = Object.values(mappings).find(({ enabled, source }) => enabled && source === target.arn);
  const name = reader && nameOf(functions, reader.function);
  if (!name) throw new TopologyError(`the rule ${rule} fills ${queue}, which no function reads`);
  return { name, kind: "function", queue, ...common };
}

/** Of the rule and of the queue that it fills: a person looks in one place. */
function deadLettersOf({ queues }: Topology, rule: string, { arn, deadLetters }: Target): string {
  const filled = Object.values(queues).find((queue) => queue.arn === arn);
  const arns = filled ? [deadLetters, filled.redrive?.deadLetters] : [deadLetters];
  const [letters, ...others] = new Set(arns.map((each) => each && nameOf(queues, each)));
  if (letters && others.length === 0) return letters;
  throw new TopologyError(
    `what the rule ${rule} leads to must have one queue of dead letters, for what is not delivered and for what is not consumed`,
  );
}

function nameOf(things: Record<string, { arn: string }>, arn: string): string | undefined {
  return Object.entries(things).find(([, thing]) => thing.arn === arn)?.[0];
}
