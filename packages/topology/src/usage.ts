import * as z from "zod";
import { iamPattern, permissionsIn } from "./iam.ts";
import type { Topology } from "./model.ts";

/**
 * The resources on which each action was used, by who used it: a function or, where one acts by a role of its own, a
 * state machine, a rule or a schedule, by its logical name.
 */
export const Usage = z.record(z.string(), z.record(z.string(), z.array(z.string())));
export type Usage = z.infer<typeof Usage>;

/** What one run of a topology used. */
export const Recording = z.strictObject({ app: z.string(), stage: z.string(), usage: Usage });
export type Recording = z.infer<typeof Recording>;

/** One action on one resource that somebody used or may use. */
export interface Permission {
  by: string;
  action: string;
  resource: string;
}

/** All that runs of this application used. Other topologies, of tests, are left out. */
export function mergeUsage(recordings: Recording[], { app, stage }: Pick<Topology, "app" | "stage">): Usage {
  const own = recordings.filter((recording) => recording.app === app && recording.stage === stage);
  return toUsage(own.flatMap(({ usage }) => permissionsOf(usage)));
}

/** What differs between the committed usage and that of a run, a line for each permission. */
export function usageDifferences(committed: Usage, recorded: Usage): string[] {
  const lines = (usage: Usage) => new Set(permissionsOf(usage).map(tell));
  const [before, now] = [lines(committed), lines(recorded)];
  return [
    ...[...now].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
    ...[...before].filter((line) => !now.has(line)).map((line) => `- ${line}`),
  ].sort((one, other) => compare(one.slice(2), other.slice(2)));
}

/** What was used though no policy allows it: they were narrowed too far. */
export function missingGrants(topology: Topology, usage: Usage): Permission[] {
  const grants = grantsOf(topology);
  return permissionsOf(usage).filter((permission) => !grants.some((grant) => covers(grant, permission)));
}

/** Each action and resource pattern of the Allow statements of all who act by a role. */
export function grantsOf(topology: Topology): Permission[] {
  const roles = new Map(Object.values(topology.roles).map((role) => [role.arn, role]));
  return actorsOf(topology).flatMap(([by, arn]) =>
    (roles.get(arn)?.statements ?? [])
      .filter(({ Effect }) => Effect === "Allow")
      .flatMap(permissionsIn)
      .map((permission) => ({ by, ...permission })),
  );
}

/** Who acts by which role: functions, machines, rules and schedules, by their logical names. */
export function actorsOf({ functions, machines, rules, schedules }: Topology): [name: string, role: string][] {
  const targets = Object.entries(rules).flatMap(([name, rule]) =>
    rule.targets.flatMap(({ role }) => (role === undefined ? [] : [[name, role] as [string, string]])),
  );
  const own = Object.entries({ ...functions, ...machines }).map(([name, { role }]): [string, string] => [name, role]);
  const scheduled = Object.entries(schedules).flatMap(([name, { target }]) =>
    target.role === undefined ? [] : [[name, target.role] as [string, string]],
  );
  return [...own, ...targets, ...scheduled];
}

function covers(grant: Permission, used: Permission): boolean {
  if (grant.by !== used.by || !iamPattern(grant.action, "i").test(used.action)) return false;
  // What comes to be at run time was recorded by the pattern itself.
  return grant.resource === used.resource || iamPattern(grant.resource).test(used.resource);
}

function permissionsOf(usage: Usage): Permission[] {
  return Object.entries(usage).flatMap(([by, actions]) =>
    Object.entries(actions).flatMap(([action, resources]) => resources.map((resource) => ({ by, action, resource }))),
  );
}

function toUsage(permissions: Permission[]): Usage {
  const usage: Usage = {};
  const sorted = permissions.toSorted((one, other) => compare(tell(one), tell(other)));
  for (const { by, action, resource } of sorted) {
    usage[by] ??= {};
    usage[by][action] ??= [];
    if (!usage[by][action].includes(resource)) usage[by][action].push(resource);
  }
  return usage;
}

function tell({ by, action, resource }: Permission): string {
  return `${by} ${action} ${resource}`;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
