/** Every way that something goes without anybody waiting for an answer, and what becomes of it when nothing takes it. */
import { TopologyError } from "../fail.ts";
import type { Topology } from "../model.ts";
import { byArn, named } from "./rule.ts";

/** Bounds of what is given a fixed number of attempts, or an age at which it is given up; undefined is without an end. */
export interface Patience {
  attempts: number | undefined;
  ageSeconds: number | undefined;
}

export interface Path {
  /** As `rule MarkPaid → queue MarkPaidQueue`. */
  name: string;
  kind: "rule" | "queue" | "stream" | "schedule" | "asynchronous run";
  patience: Patience;
  /** ARN of the queue that keeps what was given up. */
  deadLetters: string | undefined;
}

/** Throws a `TopologyError` for one that leads to nothing. */
export function pathsOf(topology: Topology): Path[] {
  return [...fromRules(topology), ...fromSources(topology), ...fromSchedules(topology)];
}

/** Logical names of the queues where what was given up waits for a person. */
export function deadLettersOf(topology: Topology): string[] {
  const kept = new Set(pathsOf(topology).map(({ deadLetters }) => deadLetters));
  return named(topology.queues)
    .filter(({ name, thing }) => kept.has(thing.arn) || name.endsWith("DeadLetters"))
    .map(({ name }) => name);
}

function fromRules(topology: Topology): Path[] {
  return named(topology.rules).flatMap(({ name: rule, thing }) =>
    thing.targets.map(({ arn, retry, deadLetters }) => {
      const { kind, name } = endOf(topology, arn);
      return {
        ...{ name: `rule ${rule} → ${kind} ${name}`, kind: "rule" as const, deadLetters },
        patience: { attempts: retry?.maximumAttempts, ageSeconds: retry?.maximumAgeSeconds },
      };
    }),
  );
}

/** A queue's patience is its own, and that of a stream its mapping's: there -1 is without an end. */
function fromSources(topology: Topology): Path[] {
  return named(topology.mappings).map(({ thing }) => {
    const to = endOf(topology, thing.function).name;
    const queue = byArn(topology.queues, thing.source);
    if (queue) {
      const { redrive } = queue.thing;
      return {
        ...{ name: `queue ${queue.name} → function ${to}`, kind: "queue" as const },
        patience: { attempts: redrive?.maximumReceives, ageSeconds: queue.thing.retentionSeconds },
        deadLetters: redrive?.deadLetters,
      };
    }
    const table = named(topology.tables).find(({ thing: one }) => one.stream?.arn === thing.source);
    if (!table)
      throw new TopologyError(`the mapping of ${to} reads ${thing.source}, which is neither queue nor stream`);
    return {
      ...{ name: `stream of ${table.name} → function ${to}`, kind: "stream" as const },
      patience: { attempts: bounded(thing.maximumRetries), ageSeconds: bounded(thing.maximumAgeSeconds) },
      deadLetters: thing.onFailure,
    };
  });
}

/** Two paths each: the scheduler's, which ends when Lambda has taken the event, and Lambda's own, which is the run. */
function fromSchedules(topology: Topology): Path[] {
  return named(topology.schedules).flatMap(({ name: schedule, thing: { target } }): Path[] => {
    const { name: to } = endOf(topology, target.arn);
    const asynchronous = topology.functions[to]?.asynchronous;
    return [
      {
        ...{ name: `schedule ${schedule} → function ${to}`, kind: "schedule" },
        patience: { attempts: target.retry?.maximumAttempts, ageSeconds: target.retry?.maximumAgeSeconds },
        deadLetters: target.deadLetters,
      },
      {
        ...{ name: `asynchronous run of ${to}`, kind: "asynchronous run" },
        patience: { attempts: asynchronous?.maximumRetries, ageSeconds: undefined },
        deadLetters: asynchronous?.onFailure,
      },
    ];
  });
}

function bounded(setting: number | undefined): number | undefined {
  return setting === -1 ? undefined : setting;
}

function endOf(topology: Topology, arn: string): { kind: string; name: string } {
  for (const [kind, things] of Object.entries({ queue: topology.queues, function: topology.functions })) {
    const found = byArn<{ arn: string }>(things, arn);
    if (found) return { kind, name: found.name };
  }
  const machine = named(topology.machines).find(({ thing }) => thing.arn === arn || thing.alias?.arn === arn);
  if (machine) return { kind: "machine", name: machine.name };
  throw new TopologyError(`something leads to ${arn}, which is no queue, function or machine`);
}
