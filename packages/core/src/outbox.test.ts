import { Envelope, newId, OrderPlaced } from "@cartwright/events";
import { expect, test } from "vitest";
import { fact, record } from "./outbox.ts";
import { cause } from "./test/cause.ts";

const [orderId, customerId] = [newId("ord"), newId("usr")];

function placed(lines: number) {
  return fact(OrderPlaced, {
    orderId,
    customerId,
    lines: Array.from({ length: lines }, () => ({ sku: "S".repeat(64), quantity: 1 })),
    total: { amount: 1, currency: "EUR" },
    sealedToken: "sealed",
    deadlineAt: new Date(0).toISOString(),
    abandoned: false,
  });
}

test("every event of a write takes the next sequence number, and the version is that of the last", () => {
  const { version, outbox } = record(orderId, 4, new Date(0), cause, [placed(1), placed(1)]);
  const events = JSON.parse(outbox).map((event: unknown) => Envelope.parse(event));
  expect(events.map(({ sequence }: Envelope) => sequence)).toEqual([5, 6]);
  expect(version).toBe(6);
});

test("a write without events clears the outbox and is a version of its own", () => {
  expect(record(orderId, 4, new Date(0), cause, [])).toEqual({ version: 5, outbox: "[]" });
});

test("an event that the bus could never carry is refused before anything is written, and says by how much", () => {
  const write = () => record(orderId, 0, new Date(0), cause, [placed(4000)]);
  expect(write).toThrow(expect.objectContaining({ name: "TooLargeError", kind: "invalid", code: "too_large" }));
  expect(write).toThrow(/order\.placed of ord_\w+ has \d+ bytes; an event has at most 245760: store the data/);
});
