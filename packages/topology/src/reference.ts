import { TopologyError } from "./fail.ts";
import type { Topology } from "./model.ts";

/** Throws a `TopologyError` that lists everything the topology refers to but does not contain. */
export function assertClosed(topology: Topology): void {
  const dangling = references(topology)
    .filter(({ to, among }) => !among.includes(to))
    .map(({ from, to }) => `- ${from} refers to ${to}`);
  if (dangling.length > 0) {
    throw new TopologyError(`the topology refers to what it does not contain:\n${dangling.join("\n")}`);
  }
}

interface Reference {
  from: string;
  to: string;
  among: string[];
}

function references(topology: Topology): Reference[] {
  const functions = arns(topology.functions);
  const queues = arns(topology.queues);
  const aliases = Object.values(topology.machines).flatMap(({ alias }) => alias?.arn ?? []);
  const targets = [...functions, ...queues, ...arns(topology.machines), ...aliases];
  const streams = Object.values(topology.tables).flatMap((table) => table.stream?.arn ?? []);
  const topics = arns(topology.topics);
  const queueNames = Object.values(topology.queues).map((queue) => queue.name);
  const busNames = Object.values(topology.buses).map((bus) => bus.name);
  const roles = arns(topology.roles);
  const found: Reference[] = [];
  const note = (from: string, to: string | undefined, among: string[]) => to && found.push({ from, to, among });

  for (const [name, lambda] of Object.entries(topology.functions)) {
    note(`function ${name}`, lambda.role, roles);
    note(`function ${name}`, lambda.asynchronous?.onFailure, queues);
    for (const link of lambda.links) note(`function ${name}`, link, Object.keys(topology.links));
  }
  for (const [name, machine] of Object.entries(topology.machines)) note(`machine ${name}`, machine.role, roles);
  for (const [name, mapping] of Object.entries(topology.mappings)) {
    note(`mapping ${name}`, mapping.source, [...queues, ...streams]);
    note(`mapping ${name}`, mapping.onFailure, queues);
  }
  for (const [name, queue] of Object.entries(topology.queues))
    note(`queue ${name}`, queue.redrive?.deadLetters, queues);
  for (const [name, archive] of Object.entries(topology.archives)) {
    note(`archive ${name}`, archive.bus, arns(topology.buses));
  }
  for (const [name, rule] of Object.entries(topology.rules)) {
    note(`rule ${name}`, rule.bus, busNames);
    for (const target of rule.targets) noteTarget(`rule ${name}`, target);
  }
  for (const [name, schedule] of Object.entries(topology.schedules)) noteTarget(`schedule ${name}`, schedule.target);
  for (const [name, api] of Object.entries(topology.apis)) {
    for (const route of api.routes) note(`route ${route.key} of ${name}`, route.function, functions);
  }
  for (const [name, { namespace, dimensions, actions, okActions }] of Object.entries(topology.alarms)) {
    for (const action of [...actions, ...okActions]) note(`alarm ${name}`, action, topics);
    if (namespace === "AWS/SQS") note(`alarm ${name}`, dimensions.QueueName, queueNames);
  }
  const alarmNames = Object.values(topology.alarms).map((alarm) => alarm.name);
  for (const [name, { rule, actions, okActions }] of Object.entries(topology.compositeAlarms)) {
    for (const action of [...actions, ...okActions]) note(`alarm ${name}`, action, topics);
    for (const [, child] of rule.matchAll(/"([^"]+)"/g)) note(`alarm ${name}`, child, alarmNames);
  }
  return found;

  function noteTarget(
    from: string,
    target: { arn: string; role?: string | undefined; deadLetters?: string | undefined },
  ) {
    note(from, target.arn, targets);
    note(from, target.role, roles);
    note(from, target.deadLetters, queues);
  }
}

function arns(things: Record<string, { arn: string }>): string[] {
  return Object.values(things).map(({ arn }) => arn);
}
