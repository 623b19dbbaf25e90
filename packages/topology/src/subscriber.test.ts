import { describe, expect, test } from "vitest";
import { distil } from "./distil.ts";
import { arn, exampleGraph } from "./example-graph.ts";
import type { Rule, Topology } from "./model.ts";
import { subscribersOf } from "./subscriber.ts";

const example = distil(exampleGraph());
const machineArn = arn("states", "stateMachine:checkout");
const redrive = { deadLetters: arn("sqs", "Dead"), maximumReceives: 5 };

/** The example with these rules alone, and with a state machine. */
function withRules(rules: Record<string, Partial<Rule>>, more: Partial<Topology> = {}): Topology {
  const role = example.functions.Worker!.role;
  return {
    ...example,
    machines: { Checkout: { name: "checkout", arn: machineArn, type: "EXPRESS", role, tracing: true, definition: {} } },
    ...more,
    rules: Object.fromEntries(
      Object.entries(rules).map(([name, rule]) => [name, { ...example.rules.Placed!, name, ...rule }]),
    ),
  };
}

const toMachine = [{ arn: machineArn, deadLetters: arn("sqs", "Dead") }];
const placed = { name: "order.placed", source: "shop" };

test("a function is told with its queue, a state machine that the bus starts without one, in order of their names", () => {
  expect(subscribersOf(withRules({ Placed: {}, Start: { targets: toMachine } }))).toEqual([
    {
      ...{ name: "Start", kind: "state machine", targetArn: machineArn, deadLetters: "Dead" },
      takes: expect.any(Function),
    },
    {
      ...{ name: "Worker", kind: "function", queue: "Work", targetArn: arn("sqs", "Work"), deadLetters: "Dead" },
      takes: expect.any(Function),
    },
  ]);
});

test("a rule with two targets has two subscribers", () => {
  const targets = [...example.rules.Placed!.targets, ...toMachine];
  expect(subscribersOf(withRules({ Placed: { targets } })).map(({ name }) => name)).toEqual(["Placed", "Worker"]);
});

describe("an event is taken by a rule for", () => {
  test.each([
    ["its name", { "detail-type": ["order.placed"] }, true],
    ["another name", { "detail-type": ["order.paid"] }, false],
    ["its name from another source", { "detail-type": ["order.placed"], source: ["elsewhere"] }, false],
    ["all but itself", { "detail-type": [{ "anything-but": "order.placed" }] }, false],
    ["names like its own", { "detail-type": [{ wildcard: "order.*" }] }, true],
    ["its name or another source", { $or: [{ "detail-type": ["order.placed"] }, { source: ["elsewhere"] }] }, true],
    ["some content", { source: ["shop"], detail: { data: { total: [{ numeric: [">", 100] }] } } }, true],
    ["another name or some content", { $or: [{ "detail-type": ["order.paid"] }, { detail: { rush: [true] } }] }, true],
    ["what is not replayed", { source: ["shop"], "replay-name": [{ exists: false }] }, true],
  ])("%s: %j, says %s", (_, pattern, takes) => {
    expect(subscribersOf(withRules({ Placed: { pattern } })).map((each) => each.takes(placed))).toEqual([takes]);
  });
});

describe("no live event reaches a rule", () => {
  test.each<[string, Partial<Rule>]>([
    ["that is switched off", { enabled: false }],
    ["for what is replayed", { pattern: { source: ["shop"], "replay-name": [{ exists: true }] } }],
    ["for one replay", { pattern: { "replay-name": ["rpl_1"] } }],
  ])("%s", (_, rule) => {
    expect(subscribersOf(withRules({ Placed: rule }))).toEqual([]);
  });
});

describe("is refused, with the name of the rule:", () => {
  const mapping = { ...example.mappings.Worker!, enabled: false };
  const queues = { ...example.queues, Other: { ...example.queues.Dead!, arn: arn("sqs", "Other") } };
  const work = { ...example.queues.Work!, redrive: { ...redrive, deadLetters: arn("sqs", "Other") } };
  test.each<[string, Partial<Rule>, Partial<Topology>, string]>([
    [
      "a target that is not in the topology",
      { targets: [{ arn: arn("sqs", "Gone"), deadLetters: arn("sqs", "Dead") }] },
      {},
      `the rule Placed leads to ${arn("sqs", "Gone")}, which is neither queue nor machine`,
    ],
    ["a queue that nobody reads", {}, { mappings: { Worker: mapping } }, "the rule Placed fills Work, which no"],
    ["a target without dead letters", { targets: [{ arn: machineArn }] }, {}, "what the rule Placed leads to must"],
    ["letters in two places", {}, { queues: { ...queues, Work: work } }, "what the rule Placed leads to must"],
    ["a pattern that nobody can read", { pattern: { source: "shop" } }, {}, "rule Placed.source: must be an object"],
  ])("%s", (_, rule, more, told) => {
    expect(() => subscribersOf(withRules({ Placed: rule }, more))).toThrow(told);
  });
});
