import type { Role, Topology } from "@cartwright/topology";
import { ruleArn } from "../bus/bus.ts";
import { AwsError } from "../http/aws-error.ts";
import type { Input } from "../http/endpoint.ts";
import {
  type Ask,
  decide,
  identityPolicy,
  type Policy,
  resourcePolicy,
  UnknownPolicyError,
  type Verdict,
} from "./policy.ts";
import { type Permission, queueName, requirementsIn, startOf } from "./requirement.ts";
import type { UsageRecorder } from "./usage.ts";

/** Judges by the policies of a topology who may do what. Refusals are worded as AWS words them. */
export interface Access {
  /** Throws AccessDeniedException unless the function's role lets it make this call of this service. */
  authorize(functionName: string, service: string, operation: string, input: Input): void;
  /** Why a state machine can't take a step; undefined when it can. Functions go by ARN, queues by their address. */
  refusalOfStep(machine: string, step: { invoke: string } | { sendTo: string }): string | undefined;
  /** Why a rule can't reach one of its targets, or the dead letters of one. */
  refusalOfRule(ruleArn: string, targetArn: string): string | undefined;
  /** Why a schedule can't reach its target. */
  refusalOfSchedule(schedule: string, targetArn: string): string | undefined;
}

/** What a mapping, a destination or dead letters need of a role is missing: they could not work. */
export class MissingPermissionError extends Error {
  override readonly name = "MissingPermissionError";
}

/** Who acts by a role. */
interface Principal {
  /** Its logical name; two kinds of things may share one. */
  name: string;
  role: string | undefined;
  /** What AWS tells those of one role apart by. */
  session: string;
}

type Refuse = (principal: Principal, permission: Permission) => string | undefined;

/** What Lambda itself does with a source, by the role of the function that it feeds. */
const pollingActions: Record<string, string[]> = {
  sqs: ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"],
  dynamodb: ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"],
};

/**
 * What it allows is recorded. Throws UnknownPolicyError for a policy that can't be judged here, and
 * MissingPermissionError for mappings and destinations that could not work.
 */
export function openAccess(topology: Topology, usage: UsageRecorder): Access {
  const requirements = requirementsIn(topology);
  const refuse = openRoles(topology, usage);
  const acceptsFrom = openQueuePolicies(topology);
  const rules = new Map(
    Object.values(topology.buses).flatMap((bus) =>
      Object.entries(topology.rules)
        .filter(([, rule]) => rule.bus === bus.name || rule.bus === bus.arn)
        .map(([name, rule]) => [ruleArn(bus, rule, topology), { name, rule }] as const),
    ),
  );
  refuseBroken(topology, refuse);

  return {
    authorize(functionName, service, operation, input) {
      const requirement = requirements[service]?.[operation];
      if (!requirement) {
        throw new AwsError(
          "UnknownOperationException",
          `Which permissions ${service}.${operation} needs is unknown here: add it to packages/local/src/iam/requirement.ts.`,
        );
      }
      const principal = functionNamed(topology, functionName);
      for (const permission of requirement(input)) {
        const refusal = refuse(principal, permission);
        if (refusal) throw new AwsError("AccessDeniedException", refusal);
      }
    },
    refusalOfStep(name, step) {
      const principal = { name, role: topology.machines[name]?.role, session: name };
      if ("invoke" in step) return refuse(principal, { action: "lambda:InvokeFunction", resource: step.invoke });
      return refuse(principal, sendingTo(arnOfAddress(topology, step.sendTo)));
    },
    refusalOfRule(arn, targetArn) {
      const service = serviceOf(targetArn);
      if (service === "sqs") return acceptsFrom(arn, targetArn);
      // Who may call a function is in the function's own policy, which isn't recorded.
      if (service !== "states") return undefined;
      const { name = arn, rule } = rules.get(arn) ?? {};
      const role = rule?.targets.find((target) => target.arn === targetArn)?.role;
      return refuse({ name, role, session: name }, startOf(targetArn));
    },
    refusalOfSchedule(name, targetArn) {
      const principal = scheduleNamed(topology, name);
      const service = serviceOf(targetArn);
      if (service === "sqs") return refuse(principal, sendingTo(targetArn));
      if (service === "states") return refuse(principal, startOf(targetArn));
      return refuse(principal, { action: "lambda:InvokeFunction", resource: targetArn });
    },
  };
}

function openRoles({ roles, account }: Topology, usage: UsageRecorder): Refuse {
  const policies = new Map(Object.entries(roles).map(([name, role]) => [role.arn, policyOf(role, `The role ${name}`)]));
  const verdicts = new Map<string, Verdict>();

  function judge(role: string, { action, resource, context = {} }: Permission): Verdict {
    const key = JSON.stringify([role, action, resource, context]);
    const policy = policies.get(role) ?? [];
    const verdict = verdicts.get(key) ?? decide(policy, { action, resource, context });
    verdicts.set(key, verdict);
    return verdict;
  }

  return ({ name, role = "", session }, permission) => {
    const { action, resource } = permission;
    const verdict = judge(role, permission);
    if (verdict.allowed) {
      usage.add(name, action, permission.isMadeAtRunTime ? verdict.by : resource);
      return undefined;
    }
    const user = `arn:aws:sts::${account}:assumed-role/${role.split(":role/")[1] ?? "none"}/${session}`;
    const reason = verdict.explicit
      ? "with an explicit deny in an identity-based policy"
      : `because no identity-based policy allows the ${action} action`;
    return `User: ${user} is not authorized to perform: ${action} on resource: ${resource} ${reason}`;
  };
}

function policyOf(role: Role, where: string): Policy {
  const [unknown] = role.managedPolicies;
  if (unknown) throw new UnknownPolicyError(`${where} has ${unknown}, and what that allows is unknown here.`);
  return identityPolicy(role.statements, where);
}

/** EventBridge sends to a queue as itself: the queue's own policy has to let it, for this rule. */
function openQueuePolicies({ queues, account }: Topology) {
  const policies = new Map(
    Object.entries(queues).map(([name, { arn, policy }]) => [
      arn,
      policy === undefined ? [] : resourcePolicy(policy, `The policy of the queue ${name}`),
    ]),
  );
  return (arn: string, queueArn: string): string | undefined => {
    const ask: Ask = {
      ...sendingTo(queueArn),
      service: "events.amazonaws.com",
      context: { "aws:SourceArn": arn, "aws:SourceAccount": account },
    };
    if (decide(policies.get(queueArn) ?? [], ask).allowed) return undefined;
    return `The policy of ${queueArn} does not let events.amazonaws.com perform sqs:SendMessage for the rule ${arn}.`;
  };
}

/** Lambda checks it when a mapping or a destination is created, and here nothing has to at run time. */
function refuseBroken(topology: Topology, refuse: Refuse): void {
  const refusals = [...neededByLambda(topology), ...neededBySchedules(topology)].flatMap(([principal, permission]) => {
    const refusal = refuse(principal, permission);
    return refusal ? [`${principal.name} needs ${permission.action} on ${permission.resource}: ${refusal}`] : [];
  });
  if (refusals.length === 0) return;
  throw new MissingPermissionError(`The topology could not work, for want of permissions:\n${refusals.join("\n")}`);
}

/** It feeds functions, and leaves what they failed at, by their own roles. */
function neededByLambda(topology: Topology): [Principal, Permission][] {
  return Object.entries(topology.functions).flatMap(([name, { arn, asynchronous }]) => {
    const mappings = Object.values(topology.mappings).filter((mapping) => mapping.enabled && mapping.function === arn);
    const destinations = [asynchronous, ...mappings].flatMap((part) => part?.onFailure ?? []);
    const permissions = [...mappings.flatMap(({ source }) => pollingOf(source)), ...destinations.map(sendingTo)];
    return permissions.map((permission): [Principal, Permission] => [functionNamed(topology, name), permission]);
  });
}

/** The scheduler leaves what it could not deliver by the schedule's role. */
function neededBySchedules(topology: Topology): [Principal, Permission][] {
  return Object.entries(topology.schedules).flatMap(
    ([
      name,
      {
        target: { deadLetters },
      },
    ]) => (deadLetters === undefined ? [] : [[scheduleNamed(topology, name), sendingTo(deadLetters)]]),
  );
}

function functionNamed({ functions }: Topology, name: string): Principal {
  const lambda = functions[name];
  return { name, role: lambda?.role, session: lambda?.name ?? name };
}

function scheduleNamed({ schedules }: Topology, name: string): Principal {
  return { name, role: schedules[name]?.target.role, session: name };
}

function pollingOf(source: string): Permission[] {
  const service = serviceOf(source);
  return (pollingActions[service] ?? []).map((action) => ({ action: `${service}:${action}`, resource: source }));
}

function sendingTo(queueArn: string): Permission {
  return { action: "sqs:SendMessage", resource: queueArn };
}

function arnOfAddress({ region, account }: Topology, address: string): string {
  return `arn:aws:sqs:${region}:${account}:${queueName(address)}`;
}

function serviceOf(arn: string): string {
  return arn.split(":")[2] ?? "";
}
