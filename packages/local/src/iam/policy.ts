import { iamPattern } from "@cartwright/topology";
import * as z from "zod";

/** A policy says something that can't be judged here, so nothing may be decided by it. */
export class UnknownPolicyError extends Error {
  override readonly name = "UnknownPolicyError";
}

/** What is asked of a policy. */
export interface Ask {
  /** Such as "dynamodb:GetItem". */
  action: string;
  /** An ARN, or "*" for what knows no resource. */
  resource: string;
  /** The values that conditions look at, such as `aws:SourceArn`. */
  context?: Record<string, string>;
  /** The service that asks, for the policies of resources: "events.amazonaws.com". */
  service?: string;
}

/** `by` is the pattern of the resource that allows it; `explicit` tells a Deny from the lack of an Allow. */
export type Verdict = { allowed: true; by: string } | { allowed: false; explicit: boolean };

export type Policy = readonly PolicyStatement[];

interface PolicyStatement {
  effect: "Allow" | "Deny";
  actions: RegExp[];
  resources: { text: string; pattern: RegExp }[];
  conditions: Condition[];
  /** Whom the policy of a resource is about; an identity's policy is about the identity. */
  services?: string[];
}

type Condition = (context: Record<string, string>) => boolean;

const Texts = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());

const Statement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(["Allow", "Deny"]),
  Action: Texts,
  Resource: Texts,
  Condition: z.record(z.string(), z.record(z.string(), Texts)).default({}),
});
const ResourceStatement = Statement.extend({ Principal: z.strictObject({ Service: Texts }) });
const ResourceDocument = z.strictObject({
  Version: z.literal("2012-10-17"),
  Id: z.string().optional(),
  Statement: z.array(z.unknown()),
});

/** The statements of a role. `where` is how errors name it. */
export function identityPolicy(statements: readonly unknown[], where: string): Policy {
  return statements.map((statement) => toStatement(parse(Statement, statement, where), where));
}

/** The policy of a resource, such as a queue: who may use it, besides those whom their own policies let. */
export function resourcePolicy(document: unknown, where: string): Policy {
  return parse(ResourceDocument, document, where).Statement.map((raw) => {
    const statement = parse(ResourceStatement, raw, where);
    return { ...toStatement(statement, where), services: statement.Principal.Service };
  });
}

/** As AWS decides within an account: a Deny wins, and what nothing allows is denied. */
export function decide(policy: Policy, ask: Ask): Verdict {
  const allowing: string[] = [];
  for (const statement of policy) {
    const resource = applies(statement, ask);
    if (resource === undefined) continue;
    if (statement.effect === "Deny") return { allowed: false, explicit: true };
    allowing.push(resource);
  }
  const [by] = allowing;
  return by === undefined ? { allowed: false, explicit: false } : { allowed: true, by };
}

/** The statement's resource that the ask is about, if the statement is about the ask. */
function applies(statement: PolicyStatement, { action, resource, context = {}, service }: Ask): string | undefined {
  if (statement.services && !statement.services.includes(service ?? "")) return undefined;
  if (!statement.actions.some((pattern) => pattern.test(action))) return undefined;
  if (!statement.conditions.every((holds) => holds(context))) return undefined;
  return statement.resources.find(({ pattern }) => pattern.test(resource))?.text;
}

function toStatement(statement: z.infer<typeof Statement>, where: string): PolicyStatement {
  const texts = [...statement.Action, ...statement.Resource];
  const variable = texts.find((text) => text.includes("${"));
  if (variable) throw new UnknownPolicyError(`${where}: policy variables can't be judged here: ${variable}`);
  return {
    effect: statement.Effect,
    actions: statement.Action.map((action) => iamPattern(action, "i")),
    resources: statement.Resource.map((text) => ({ text, pattern: iamPattern(text) })),
    conditions: Object.entries(statement.Condition).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => condition(operator, key, values, where)),
    ),
  };
}

/** Of several values one has to match; a key that isn't there matches none. Keys are of any case. */
function condition(operator: string, key: string, values: string[], where: string): Condition {
  const matching = operators[operator];
  if (!matching) {
    const known = Object.keys(operators).join(", ");
    throw new UnknownPolicyError(
      `${where}: the condition ${operator} of ${key} can't be judged here, only ${known} can.`,
    );
  }
  const tests = values.map(matching);
  return (context) => {
    const actual = Object.entries(context).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
    return actual !== undefined && tests.some((test) => test(actual));
  };
}

const operators: Record<string, ((expected: string) => (actual: string) => boolean) | undefined> = {
  StringEquals: (expected) => (actual) => actual === expected,
  // Of a key that has one value it says the same.
  "ForAnyValue:StringEquals": (expected) => (actual) => actual === expected,
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
};

/** ArnEquals and ArnLike are the same: each of the six parts of an ARN may hold wildcards of its own. */
function matchesArn(expected: string): (actual: string) => boolean {
  const patterns = arnParts(expected).map((part) => iamPattern(part));
  return (actual) => {
    const parts = arnParts(actual);
    return parts.length === patterns.length && patterns.every((pattern, index) => pattern.test(parts[index]!));
  };
}

function arnParts(arn: string): string[] {
  const parts = arn.split(":");
  return parts.length <= 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(":")];
}

function parse<Parsed>(schema: z.ZodType<Parsed>, value: unknown, where: string): Parsed {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UnknownPolicyError(`${where} can't be judged here: ${z.prettifyError(parsed.error)}`);
}
