/** Who may do what: what the tests have seen them do, and nothing else. */
import { iamPattern, permissionsIn, texts } from "../iam.ts";
import type { Topology } from "../model.ts";
import { actorsOf, missingGrants, type Usage } from "../usage.ts";
import { byArn, named, type Rule } from "./rule.ts";

export const privilege: Rule[] = [
  {
    name: "every permission is used by a test",
    faults: ({ topology, usage }) =>
      usage ? statementsOf(topology).flatMap((statement) => unused(statement, usage)) : [notRecorded],
  },
  {
    name: "every permission that a test uses is granted",
    faults: ({ topology, usage }) => {
      if (!usage) return [notRecorded];
      return missingGrants(topology, usage).map(
        ({ by, action, resource }) => `${by} needs ${action} on ${resource}: grant it in stacks/`,
      );
    },
  },
  {
    name: "statements allow, by actions and resources that they name",
    faults: ({ topology }) =>
      named(topology.roles).flatMap(({ name, thing }) =>
        thing.statements
          .filter(({ Effect, Action, Resource }) => Effect !== "Allow" || !Action || !Resource)
          .map((statement) => `role ${name} has a statement of another kind: ${JSON.stringify(statement)}`),
      ),
  },
  {
    name: "no policy names actions by a pattern",
    faults: ({ topology }) =>
      permissionsOf(topology)
        .filter(({ action }) => /[*?]/.test(action))
        .map(({ role, action }) => `role ${role} may ${action}: name each action`),
  },
  {
    name: "no policy is about every resource, but where AWS knows none to name",
    faults: ({ topology }) =>
      unreasoned(topology, (resource) => resource === "*").map(
        ({ role, actions }) => `role ${role} may ${actions.join(", ")} on every resource: name those that it is for`,
      ),
  },
  {
    name: "no policy names resources by a pattern, but for what has no name beforehand",
    faults: ({ topology }) =>
      unreasoned(topology, (resource) => resource !== "*" && /[*?]/.test(resource)).map(
        ({ role, actions, resource }) => `role ${role} may ${actions.join(", ")} on ${resource}: name each resource`,
      ),
  },
  {
    name: "a function may write its own log and send its traces, since alarms hear by its log, and tell nothing else",
    faults: ({ topology }) =>
      named(topology.functions).flatMap(({ name, thing }) => {
        const granted = permissionsOf(topology, thing.role)
          .filter(({ action }) => /^(logs|xray):/.test(action))
          .map(({ action, resource }) => `${action} on ${resource}`);
        const needed = neededToTell(topology, thing.name);
        return [
          ...needed.filter((one) => !granted.includes(one)).map((one) => `${name} needs ${one}: grant it in stacks/`),
          ...granted
            .filter((one) => !needed.includes(one))
            .map((one) => `${name} may ${one}: it is not its own to tell`),
        ];
      }),
  },
  {
    name: "a role's policies are of a size that IAM takes",
    faults: ({ topology }) =>
      named(topology.roles)
        .map(({ name, thing }) => ({ name, size: JSON.stringify(thing.statements).length }))
        .filter(({ size }) => size > maximumPolicyCharacters)
        .map(
          ({ name, size }) =>
            `role ${name} has policies of ${size} characters, more than ${maximumPolicyCharacters}: name each resource once`,
        ),
  },
  {
    name: "every role is somebody's",
    faults: ({ topology }) => {
      const used = actorsOf(topology).map(([, arn]) => arn);
      return named(topology.roles)
        .filter(({ thing }) => !used.includes(thing.arn))
        .map(({ name }) => `role ${name} is nobody's: remove it`);
    },
  },
];

/** IAM takes 10,240 in all the inline policies of a role. Some are left for stages with longer names. */
const maximumPolicyCharacters = 9_000;

const notRecorded = "stacks/usage.json is missing: run npm test, then npm run usage";

interface Exception {
  /** Which resources are named so; `*` is all of them. */
  resource: RegExp;
  actions: RegExp;
  reason: string;
  /** Whether AWS itself makes these calls, so that no test of ours sees them. */
  byAws: boolean;
}

const exceptions: Exception[] = [
  {
    resource: /^\*$/,
    actions: /^xray:(PutTraceSegments|PutTelemetryRecords|GetSamplingRules|GetSamplingTargets)$/,
    reason: "X-Ray has no resource to name",
    byAws: true,
  },
  {
    resource: /^\*$/,
    actions: /^logs:\w+(LogDelivery|LogDeliveries|LogGroups|ResourcePolicy|ResourcePolicies)$/,
    reason: "the delivery of a state machine's logs has no resource to name",
    byAws: true,
  },
  {
    resource: /^\*$/,
    actions: /^cloudwatch:DescribeAlarms$/,
    reason: "of composite alarms CloudWatch tells only whoever may ask about all",
    byAws: false,
  },
  {
    resource: /:log-group:\/aws\/lambda\/[\w-]+:\*$/,
    actions: /^logs:(CreateLogStream|PutLogEvents)$/,
    reason: "each execution environment has a stream of its own in its function's log",
    byAws: true,
  },
  {
    resource: /:function:[\w-]+:\*$/,
    actions: /^lambda:InvokeFunction$/,
    reason: "an execution under way calls the versions that it began with, after others have been published",
    byAws: false,
  },
  {
    resource: /:replay\/rpl_\*$/,
    actions: /^events:(StartReplay|DescribeReplay)$/,
    reason: "a replay is named when somebody asks for it",
    byAws: false,
  },
];

function about(resource: string, action: string): Exception | undefined {
  return exceptions.find((exception) => exception.resource.test(resource) && exception.actions.test(action));
}

interface Permission {
  role: string;
  action: string;
  resource: string;
}

function neededToTell({ region, account }: Topology, functionName: string): string[] {
  const log = `arn:aws:logs:${region}:${account}:log-group:/aws/lambda/${functionName}:*`;
  return [
    ...["CreateLogStream", "PutLogEvents"].map((action) => `logs:${action} on ${log}`),
    ...["PutTelemetryRecords", "PutTraceSegments"].map((action) => `xray:${action} on *`),
  ];
}

/** Of all roles, or of the one with this ARN. */
function permissionsOf({ roles }: Topology, arn?: string): Permission[] {
  const wanted = named(roles).filter(({ thing }) => arn === undefined || thing.arn === arn);
  return wanted.flatMap(({ name: role, thing }) =>
    thing.statements.flatMap(permissionsIn).map((permission) => ({ role, ...permission })),
  );
}

/** Permissions on resources that are named so, and have no reason to be, by role and resource. */
function unreasoned(topology: Topology, isNamedSo: (resource: string) => boolean) {
  const found = new Map<string, { role: string; resource: string; actions: string[] }>();
  for (const { role, resource, action } of permissionsOf(topology)) {
    if (!isNamedSo(resource) || about(resource, action)) continue;
    const key = `${role} ${resource}`;
    found.set(key, { role, resource, actions: [...(found.get(key)?.actions ?? []), action] });
  }
  return [...found.values()];
}

interface Statement {
  by: string;
  actions: string[];
  resources: string[];
}

function statementsOf(topology: Topology): Statement[] {
  return actorsOf(topology).flatMap(([by, arn]) => {
    const { thing: role } = byArn(topology.roles, arn) ?? {};
    return (role?.statements ?? []).map(({ Action, Resource }) => ({
      by,
      actions: texts(Action),
      resources: texts(Resource),
    }));
  });
}

/** Queues that one statement is about are alike: what was done with one of them could have been with each. */
function unused({ by, actions, resources }: Statement, usage: Usage): string[] {
  const isUsed = (action: string, resource: string) =>
    (usage[by]?.[action] ?? []).some((used) => used === resource || iamPattern(resource).test(used));
  const alike = (resource: string) => (isQueue(resource) ? resources.filter(isQueue) : [resource]);
  return resources.flatMap((resource) => {
    const idle = actions
      .filter((action) => !about(resource, action)?.byAws)
      .filter((action) => !alike(resource).some((one) => isUsed(action, one)));
    if (idle.length === 0) return [];
    return [`${by} never used ${idle.join(", ")} on ${resource}: take it away, or test what needs it`];
  });
}

function isQueue(arn: string): boolean {
  return arn.startsWith("arn:aws:sqs:");
}
