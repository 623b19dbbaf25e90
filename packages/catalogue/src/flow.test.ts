import { readFileSync } from "node:fs";
import { Topology } from "@cartwright/topology";
import { expect, test } from "vitest";
import { publisherOf, subscribersOf } from "./flow.ts";
import { topologyFile } from "./test/folder.ts";

const topology = Topology.parse(JSON.parse(readFileSync(topologyFile, "utf8")));
const captured = { name: "payment.captured", source: "cartwright.payment" };

/** The topology with one more rule, that leads to the queue of `MarkPaid`. */
function withRule(pattern: Record<string, unknown>, enabled = true): Topology {
  const { bus, targets } = topology.rules.BusSubscriberMarkPaid!;
  return { ...topology, rules: { Another: { name: "another", bus, enabled, pattern, targets } } };
}

test.each([
  ["its name", { "detail-type": ["payment.captured"] }, true],
  ["another name", { "detail-type": ["payment.voided"] }, false],
  ["its name from another source", { "detail-type": ["payment.captured"], source: ["cartwright.order"] }, false],
  ["the beginning of its name", { "detail-type": [{ prefix: "payment." }] }, true],
  ["all but others", { "detail-type": [{ "anything-but": ["payment.voided"] }] }, true],
  ["all but itself", { "detail-type": [{ "anything-but": "payment.captured" }] }, false],
  ["some content", { source: ["cartwright.payment"], detail: { data: { amount: [{ exists: true }] } } }, true],
  ["what is replayed", { source: [{ prefix: "cartwright." }], "replay-name": [{ exists: true }] }, false],
  ["what is not replayed", { source: [{ prefix: "cartwright." }], "replay-name": [{ exists: false }] }, true],
])("a rule that takes %s", (_, pattern, takes) => {
  expect(subscribersOf(withRule(pattern), captured).map(({ name }) => name)).toEqual(takes ? ["MarkPaid"] : []);
});

test("a rule that is switched off feeds nobody", () => {
  expect(subscribersOf(withRule({ source: ["cartwright.payment"] }, false), captured)).toEqual([]);
});

test("a rule that we can't read is refused, not guessed", () => {
  const topology = withRule({ "detail-type": [{ wildcard: "payment.*" }] });
  expect(() => subscribersOf(topology, captured)).toThrow('the rule Another matches by {"wildcard":"payment.*"}');
});

test("a target that is nowhere in the topology is named with its rule", () => {
  const arn = "arn:aws:sqs:eu-west-1:123456789012:elsewhere";
  const elsewhere = withRule({ source: ["cartwright.payment"] });
  const rules = { Another: { ...elsewhere.rules.Another!, targets: [{ arn }] } };
  expect(() => subscribersOf({ ...elsewhere, rules }, captured)).toThrow(`the rule Another leads to ${arn}`);
});

test("a domain without a relay can't publish", () => {
  expect(publisherOf(topology, captured)).toBe("PaymentRelay");
  const gift = { name: "gift.wrapped", source: "cartwright.gift" };
  expect(() => publisherOf(topology, gift)).toThrow("expected a relay that reads the stream of GiftTable");
});
