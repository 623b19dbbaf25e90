import { describe, expect, test } from "vitest";
import { decide, identityPolicy, resourcePolicy } from "./policy.ts";

const table = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
const queue = "arn:aws:sqs:eu-west-1:123456789012:letters";
const rule = "arn:aws:events:eu-west-1:123456789012:rule/shop/notify";

const allow = (Action: string | string[], Resource: string | string[], more = {}) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...more,
});
const may = (statements: object[], action: string, resource: string, context = {}) =>
  decide(identityPolicy(statements, "the role"), { action, resource, context }).allowed;

describe("the policy of an identity", () => {
  test("allows what a statement names, and nothing else", () => {
    const statements = [allow(["dynamodb:GetItem", "dynamodb:Query"], table), allow("sqs:SendMessage", [queue])];
    expect(may(statements, "dynamodb:GetItem", table)).toBe(true);
    expect(may(statements, "sqs:SendMessage", queue)).toBe(true);
    expect(may(statements, "dynamodb:Scan", table)).toBe(false);
    expect(may(statements, "dynamodb:GetItem", queue)).toBe(false);
    expect(may(statements, "dynamodb:Query", `${table}/index/byCustomer`)).toBe(false);
    expect(may([], "dynamodb:GetItem", table)).toBe(false);
  });

  test("tells which resource of which statement allowed it, and what forbids", () => {
    const policy = identityPolicy([allow("sqs:*", [table, `${queue}*`])], "the role");
    expect(decide(policy, { action: "sqs:SendMessage", resource: queue })).toEqual({ allowed: true, by: `${queue}*` });
    expect(decide(policy, { action: "sns:Publish", resource: queue })).toEqual({ allowed: false, explicit: false });
  });

  test("denies whatever else allows it", () => {
    const statements = [allow("dynamodb:*", "*"), { Effect: "Deny", Action: "dynamodb:DeleteItem", Resource: table }];
    expect(may(statements, "dynamodb:PutItem", table)).toBe(true);
    expect(may(statements, "dynamodb:DeleteItem", `${table}2`)).toBe(true);
    expect(decide(identityPolicy(statements, "it"), { action: "dynamodb:DeleteItem", resource: table })).toEqual({
      allowed: false,
      explicit: true,
    });
  });

  test.each([
    ["*", table, true],
    [`${table}/index/*`, `${table}/index/byCustomer`, true],
    [`${table}/index/*`, table, false],
    ["arn:aws:dynamodb:*:123456789012:table/orders", table, true],
    ["arn:aws:dynamodb:eu-*-1:123456789012:table/orders", table, true],
    ["arn:aws:dynamodb:eu-west-?:123456789012:table/order?", table, true],
    ["arn:aws:dynamodb:eu-west-?:123456789012:table/orders?", table, false],
    // Within a part it stays there; at the end of one it goes on.
    ["arn:aws:dynamodb:eu*012:table/orders", table, false],
    ["arn:aws:dynamodb:eu-*", table, true],
    ["arn:aws:dynamodb:eu-west-1:123456789012:table/order.", table, false],
    [table.toUpperCase(), table, false],
  ])("the resource %s against %s: %s", (pattern, resource, expected) => {
    expect(may([allow("dynamodb:GetItem", pattern)], "dynamodb:GetItem", resource)).toBe(expected);
  });

  test.each([
    ["dynamodb:get*", true],
    ["DynamoDB:GetItem", true],
    ["dynamodb:*Item", true],
    ["*", true],
    ["dynamodb:Get", false],
    ["sqs:*", false],
  ])("the action %s against dynamodb:GetItem: %s", (pattern, expected) => {
    expect(may([allow(pattern, table)], "dynamodb:GetItem", table)).toBe(expected);
  });

  test("of its conditions all have to hold, by one of their values each", () => {
    const Condition = {
      "ForAnyValue:StringEquals": { "states:StateMachineQualifier": ["live", "next"] },
      ArnLike: { "aws:SourceArn": "arn:aws:events:*:123456789012:rule/shop/*" },
    };
    const statements = [allow("states:StartExecution", "*", { Condition })];
    const ask = (context: object) => may(statements, "states:StartExecution", "*", context);
    expect(ask({ "states:StateMachineQualifier": "next", "AWS:sourcearn": rule })).toBe(true);
    expect(ask({ "states:StateMachineQualifier": "old", "aws:SourceArn": rule })).toBe(false);
    expect(ask({ "states:StateMachineQualifier": "next", "aws:SourceArn": queue })).toBe(false);
    expect(ask({ "aws:SourceArn": rule })).toBe(false);
  });

  test.each([
    ["an operator", { Condition: { NumericLessThan: { "aws:MultiFactorAuthAge": "10" } } }, /NumericLessThan/],
    ["an element", { NotResource: queue }, /NotResource/],
    ["a variable", { Resource: `arn:aws:s3:::home/$${"{aws:username}"}` }, /aws:username/],
    ["a principal of its own", { Principal: "*" }, /Principal/],
  ])("is refused by name for %s that is not known here", (_, more, message) => {
    const refused = () => identityPolicy([{ ...allow("sqs:SendMessage", queue), ...more }], "The role Relay");
    expect(refused).toThrow(message);
    expect(refused).toThrow(/The role Relay/);
  });
});

describe("the policy of a resource", () => {
  const document = {
    Version: "2012-10-17",
    Statement: [
      allow("sqs:SendMessage", queue, {
        Principal: { Service: ["events.amazonaws.com"] },
        Condition: { ArnEquals: { "aws:SourceArn": [rule] }, StringEquals: { "aws:SourceAccount": "123456789012" } },
      }),
    ],
  };
  const accepts = (service: string, context: Record<string, string>) =>
    decide(resourcePolicy(document, "the queue"), { action: "sqs:SendMessage", resource: queue, service, context })
      .allowed;
  const context = { "aws:SourceArn": rule, "aws:SourceAccount": "123456789012" };

  test("takes from the service it names, for the source and the account it names", () => {
    expect(accepts("events.amazonaws.com", context)).toBe(true);
    expect(accepts("sns.amazonaws.com", context)).toBe(false);
    expect(accepts("events.amazonaws.com", { ...context, "aws:SourceArn": `${rule}2` })).toBe(false);
    expect(accepts("events.amazonaws.com", { ...context, "aws:SourceAccount": "999999999999" })).toBe(false);
  });

  test("is refused when it is about anybody but services", () => {
    const Statement = [allow("sqs:SendMessage", queue, { Principal: { AWS: "*" } })];
    expect(() => resourcePolicy({ ...document, Statement }, "the queue Letters")).toThrow(/queue Letters.*Service/s);
  });
});
