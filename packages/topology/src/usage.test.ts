import { expect, test } from "vitest";
import type { Topology } from "./model.ts";
import { grantsOf, mergeUsage, missingGrants, usageDifferences } from "./usage.ts";

const table = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
const queue = "arn:aws:sqs:eu-west-1:123456789012:letters";
const shop = { app: "shop", stage: "local" };

const role = (name: string) => `arn:aws:iam::123456789012:role/${name}`;
const allow = (Action: string | string[], Resource: string | string[]) => ({ Effect: "Allow", Action, Resource });

/** A function that may do more than it does, and a rule that starts a state machine. */
const topology = {
  functions: { Relay: { role: role("relay") } },
  machines: { Checkout: { role: role("checkout") } },
  rules: { Start: { targets: [{ role: role("start") }, {}] } },
  schedules: { Sweep: { target: { role: role("sweep") } } },
  roles: {
    RelayRole: {
      arn: role("relay"),
      statements: [
        allow(["dynamodb:GetItem", "dynamodb:Query"], [table, `${table}/index/*`]),
        allow("sqs:SendMessage", queue),
        allow(["logs:PutLogEvents", "xray:PutTraceSegments"], "*"),
        { Effect: "Deny", Action: "*", Resource: "*" },
      ],
    },
    StartRole: { arn: role("start"), statements: [allow("states:StartExecution", "arn:aws:states:::checkout")] },
  },
} as unknown as Topology;

const usage = {
  Relay: { "dynamodb:GetItem": [table], "dynamodb:Query": [`${table}/index/byCustomer`], "sqs:SendMessage": [queue] },
  Start: { "states:StartExecution": ["arn:aws:states:::checkout"] },
};

test("what runs used is the same text, in whatever order and however often they used it", () => {
  const one = { ...shop, usage: { Relay: { "sqs:SendMessage": [queue, table] }, Api: { "sqs:SendMessage": [queue] } } };
  const other = { ...shop, usage: { Relay: { "dynamodb:Query": [table], "sqs:SendMessage": [queue] } } };
  const merged = mergeUsage([one, other], shop);
  expect(JSON.stringify(merged)).toBe(JSON.stringify(mergeUsage([other, one, other], shop)));
  expect(merged).toEqual({
    Api: { "sqs:SendMessage": [queue] },
    Relay: { "dynamodb:Query": [table], "sqs:SendMessage": [table, queue] },
  });
});

test("what other applications and stages used has no part in it", () => {
  const foreign = [
    { ...shop, app: "toy", usage: { Relay: { "sqs:SendMessage": [queue] } } },
    { ...shop, stage: "test", usage: { Relay: { "sqs:SendMessage": [queue] } } },
  ];
  expect(mergeUsage(foreign, shop)).toEqual({});
});

test("what was used and isn't committed is told apart from what is committed and wasn't used", () => {
  const recorded = { ...usage, Relay: { ...usage.Relay, "dynamodb:GetItem": [`${table}2`] } };
  expect(usageDifferences(usage, usage)).toEqual([]);
  expect(usageDifferences(usage, recorded)).toEqual([
    `- Relay dynamodb:GetItem ${table}`,
    `+ Relay dynamodb:GetItem ${table}2`,
  ]);
});

test("a grant is each action on each resource that a role allows, whoever acts by it", () => {
  expect(grantsOf(topology)).toHaveLength(8);
  expect(grantsOf(topology)).toContainEqual({ by: "Relay", action: "sqs:SendMessage", resource: queue });
  expect(grantsOf(topology).map(({ by }) => by)).toContain("Start");
});

test("what was used and nobody allows any more is found", () => {
  expect(missingGrants(topology, usage)).toEqual([]);
  const more = { ...usage, Checkout: { "sqs:SendMessage": [queue] } };
  expect(missingGrants(topology, more)).toEqual([{ by: "Checkout", action: "sqs:SendMessage", resource: queue }]);
});
