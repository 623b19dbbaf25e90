import { readFileSync } from "node:fs";
import { Topology } from "@cartwright/topology";
import { expect, test } from "vitest";
import { publisherOf } from "./publisher.ts";
import { topologyFile } from "./test/folder.ts";

const topology = Topology.parse(JSON.parse(readFileSync(topologyFile, "utf8")));

test("the relay of its domain publishes an event", () => {
  expect(publisherOf(topology, { name: "payment.captured", source: "cartwright.payment" })).toBe("PaymentRelay");
});

test("a domain without a relay can't publish", () => {
  const gift = { name: "gift.wrapped", source: "cartwright.gift" };
  expect(() => publisherOf(topology, gift)).toThrow("expected a relay that reads the stream of GiftTable");
});
