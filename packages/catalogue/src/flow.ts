/** Who publishes an event and who consumes it, as the recorded topology says. */
import type { Topology } from "@cartwright/topology";
import { CatalogueError } from "./fail.ts";
import { isObject } from "./json-schema.ts";

export interface Subscriber {
  /** Logical name of the function or the state machine. */
  name: string;
  kind: "function" | "state machine";
  /** The queue between the bus and the function. */
  queue?: string;
  /** Where what can't be consumed waits for a person. */
  deadLetters: string[];
}

export interface Published {
  name: string;
  source: string;
}

/** `order` for `cartwright.order`. */
export function domainOf(source: string): string {
  return source.slice(source.indexOf(".") + 1);
}

/** The relay of an event's domain: the function that reads the stream of the domain's table. */
export function publisherOf(topology: Topology, { name, source }: Published): string {
  const domain = domainOf(source);
  const table = `${domain.charAt(0).toUpperCase()}${domain.slice(1)}Table`;
  const stream = topology.tables[table]?.stream?.arn;
  const readers = Object.values(topology.mappings).filter((mapping) => stream && mapping.source === stream);
  const relays = Object.entries(topology.functions).filter(
    ([, { arn, handler }]) => handler.endsWith("/relay.handler") && readers.some((reader) => reader.function === arn),
  );
  const [relay] = relays;
  if (relay) return relay[0];
  throw new CatalogueError(
    `nothing publishes ${name}: expected a relay that reads the stream of ${table}, the table of ${source}`,
  );
}

/** All whose rule on the bus takes the event, by name. A rule that looks at the content counts: it may take it. */
export function subscribersOf(topology: Topology, event: Published): Subscriber[] {
  const subscribers = Object.entries(topology.rules)
    .filter(([name, { enabled, pattern }]) => enabled && pattern && takes(name, pattern, event))
    .flatMap(([name, { targets }]) => targets.map((target) => subscriberAt(topology, name, target)));
  return subscribers.sort((one, other) => (one.name < other.name ? -1 : 1));
}

type Target = Topology["rules"][string]["targets"][number];

function subscriberAt(topology: Topology, rule: string, { arn, deadLetters }: Target): Subscriber {
  const named = (letters: (string | undefined)[]) =>
    [...new Set(letters.filter((each) => each !== undefined))].map((each) => nameOf(topology.queues, each, rule));
  const machine = find(topology.machines, arn);
  if (machine) return { name: machine, kind: "state machine", deadLetters: named([deadLetters]) };
  const direct = find(topology.functions, arn);
  if (direct) return { name: direct, kind: "function", deadLetters: named([deadLetters]) };
  const queue = nameOf(topology.queues, arn, rule);
  const mapping = Object.values(topology.mappings).find((each) => each.enabled && each.source === arn);
  if (!mapping) throw new CatalogueError(`the rule ${rule} fills ${queue}, which no function reads`);
  const name = nameOf(topology.functions, mapping.function, rule);
  const redrive = topology.queues[queue]?.redrive?.deadLetters;
  return { name, kind: "function", queue, deadLetters: named([deadLetters, redrive]) };
}

function find(things: Record<string, { arn: string }>, arn: string): string | undefined {
  return Object.entries(things).find(([, thing]) => thing.arn === arn)?.[0];
}

function nameOf(things: Record<string, { arn: string }>, arn: string, rule: string): string {
  const name = find(things, arn);
  if (name === undefined) throw new CatalogueError(`the rule ${rule} leads to ${arn}, which is not in the topology`);
  return name;
}

function takes(rule: string, pattern: Record<string, unknown>, { name, source }: Published): boolean {
  const fields: [string, string | undefined][] = [
    ["detail-type", name],
    ["source", source],
    // What is replayed has it; what is published has not.
    ["replay-name", undefined],
  ];
  return fields.every(([field, value]) => {
    const accepted = pattern[field];
    if (accepted === undefined) return true;
    return Array.isArray(accepted) && accepted.some((matcher) => isMatch(rule, matcher, value));
  });
}

/** The part of EventBridge's language that rules use for names; anything else is refused rather than guessed. */
function isMatch(rule: string, matcher: unknown, value: string | undefined): boolean {
  if (typeof matcher === "string") return matcher === value;
  if (isObject(matcher)) {
    if (typeof matcher.exists === "boolean") return matcher.exists === (value !== undefined);
    if (typeof matcher.prefix === "string") return value?.startsWith(matcher.prefix) ?? false;
    if (typeof matcher.suffix === "string") return value?.endsWith(matcher.suffix) ?? false;
    const but = [matcher["anything-but"]].flat();
    if (but.every((each) => typeof each === "string")) return value !== undefined && !but.includes(value);
  }
  throw new CatalogueError(
    `the rule ${rule} matches by ${JSON.stringify(matcher)}, which the catalogue does not understand: teach packages/catalogue/src/flow.ts`,
  );
}
