/** Whom roles and queues trust. */
import { texts } from "../iam.ts";
import type { Topology } from "../model.ts";
import { named, type Rule } from "./rule.ts";

export const trust: Rule[] = [
  {
    name: "roles are assumed by AWS's services, never by an account",
    faults: ({ topology }) =>
      named(topology.roles).flatMap(({ name, thing }) =>
        statementsOf(thing.trust)
          .filter(({ Principal }) => !isServices(Principal))
          .map(({ Principal }) => `role ${name} is assumed by ${JSON.stringify(Principal)}: trust its service alone`),
      ),
  },
  {
    name: "a role is assumed by the service that acts by it, and can be by no other",
    faults: ({ topology }) =>
      named(topology.roles).flatMap(({ name, thing }) => {
        const statements = statementsOf(thing.trust);
        const trusted = unique(
          statements.flatMap(({ Principal }) => texts((Principal as Trusted | undefined)?.Service)),
        );
        const acting = unique(servicesActing(topology, thing.arn));
        const others = statements
          .flatMap(({ Action }) => texts(Action))
          .filter((action) => action !== "sts:AssumeRole");
        return [
          ...(trusted === acting ? [] : [`role ${name} trusts ${trusted || "nobody"}, and is used by ${acting}`]),
          ...others.map((action) => `role ${name} lets others ${action}: they assume it, and do nothing else`),
        ];
      }),
  },
  {
    name: "roles have no managed policy, since AWS changes what those allow",
    faults: ({ topology }) =>
      named(topology.roles).flatMap(({ name, thing }) =>
        thing.managedPolicies.map((policy) => `role ${name} has ${policy}: grant what is needed of it by name`),
      ),
  },
  {
    name: "a queue takes messages of this account alone, from a source that its policy names",
    faults: ({ topology }) =>
      named(topology.queues).flatMap(({ name, thing }) =>
        statementsOf(thing.policy).flatMap((statement) =>
          openings(statement, topology).map((fault) => `queue ${name} ${fault}`),
        ),
      ),
  },
  {
    name: "a queue takes messages from each rule that leads to it, and from no other",
    faults: ({ topology }) =>
      named(topology.queues).flatMap(({ name, thing }) => {
        const given = statementsOf(thing.policy).flatMap(({ Condition }) => sourcesOf(Condition));
        const leading = rulesInto(topology, thing.arn);
        return [
          ...leading
            .filter((rule) => !given.includes(rule))
            .map((rule) => `queue ${name} refuses ${rule}: let it send`),
          ...given
            .filter((rule) => !leading.includes(rule))
            .map((rule) => `queue ${name} takes from ${rule}: it need not`),
        ];
      }),
  },
];

type Trusted = { Service?: unknown };

interface Statement {
  Principal?: unknown;
  Action?: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}

/** IAM takes one statement, or several. */
function statementsOf(policy: unknown): Statement[] {
  return [(policy as { Statement?: Statement | Statement[] } | undefined)?.Statement ?? []].flat();
}

function sourcesOf(condition: Statement["Condition"] = {}): string[] {
  return ["ArnEquals", "ArnLike"].flatMap((test) => texts(condition[test]?.["aws:SourceArn"]));
}

function servicesActing({ functions, machines, rules, schedules }: Topology, role: string): string[] {
  const acting: Record<string, (string | undefined)[]> = {
    events: Object.values(rules).flatMap(({ targets }) => targets.map((target) => target.role)),
    lambda: Object.values(functions).map((one) => one.role),
    scheduler: Object.values(schedules).map(({ target }) => target.role),
    states: Object.values(machines).map((one) => one.role),
  };
  return Object.keys(acting)
    .filter((service) => acting[service]!.includes(role))
    .map((service) => `${service}.amazonaws.com`);
}

function unique(names: string[]): string {
  return [...new Set(names)].sort().join(" and ");
}

/** Of rules that send there, or leave there what they can't deliver. */
function rulesInto({ rules, region, account }: Topology, queue: string): string[] {
  return Object.values(rules)
    .filter(({ targets }) => targets.some(({ arn, deadLetters }) => arn === queue || deadLetters === queue))
    .map(({ bus, name }) => `arn:aws:events:${region}:${account}:rule/${bus.split("/").at(-1)}/${name}`);
}

function openings({ Principal, Action, Condition = {} }: Statement, { account, region }: Topology): string[] {
  const faults: string[] = [];
  if (!isServices(Principal)) faults.push(`takes from ${JSON.stringify(Principal)}: name services of AWS alone`);
  if (texts(Action).join() !== "sqs:SendMessage")
    faults.push(`allows ${texts(Action)}: others send, and do nothing else`);
  if (texts(Condition.StringEquals?.["aws:SourceAccount"]).join() !== account) {
    faults.push("takes from any account: add a condition on aws:SourceAccount");
  }
  const sources = sourcesOf(Condition);
  const rule = new RegExp(`^arn:aws:events:${region}:${account}:rule/[\\w-]+/[\\w-]+$`);
  if (sources.length === 0 || !sources.every((source) => rule.test(source))) {
    faults.push("takes from any source: add a condition on aws:SourceArn, with the rule");
  }
  return faults;
}

function isServices(principal: unknown): boolean {
  if (principal === null || typeof principal !== "object") return false;
  const { Service, ...others } = principal as Record<string, unknown>;
  return Object.keys(others).length === 0 && texts(Service).length > 0 && texts(Service).every(isService);
}

function isService(name: string): boolean {
  return /^[a-z0-9]+\.amazonaws\.com$/.test(name);
}
