import { expect, test } from "vitest";
import * as z from "zod";
import { eventsOf, MalformedEventError, parseEvent, pattern, upcast } from "./definition.ts";
import { newId } from "./id.ts";
import { OrderConfirmed, OrderPlaced, ProductCreated, registry } from "./index.ts";

const defineEvent = eventsOf("order");

const V1 = z.object({ total: z.int() });
const V2 = z.object({ totalMinor: z.int() });
const V3 = z.object({ totalMinor: z.int(), currency: z.string() });
const OrderSettled = defineEvent("order.settled", 3, V3, {
  from: {
    1: upcast(V1, V2, ({ total }) => ({ totalMinor: total * 100 })),
    2: upcast(V2, V3, (v2) => ({ ...v2, currency: "EUR" })),
  },
});

const received = (version: number, data: object) => ({
  ...{ id: newId("evt"), name: "order.settled", version, time: new Date(0).toISOString(), source: "cartwright.order" },
  ...{ subject: "o", sequence: 1, correlationId: "c", data },
});

test("every version is brought to today's, one step after the other", () => {
  const today = { version: 3, data: { totalMinor: 1200, currency: "EUR" } };
  expect(parseEvent(OrderSettled, received(1, { total: 12 }))).toMatchObject(today);
  expect(parseEvent(OrderSettled, received(2, { totalMinor: 1200 }))).toMatchObject(today);
  expect(parseEvent(OrderSettled, received(3, { totalMinor: 1200, currency: "EUR" }))).toMatchObject(today);
  expect(() => parseEvent(OrderSettled, received(4, { totalMinor: 1200 }))).toThrow(
    "version 4 is newer than version 3",
  );
});

test("a step that has no answer for an event says so, and trying again won't help", () => {
  const Broken = defineEvent("order.settled", 2, V2, {
    from: { 1: upcast(V1, V2, ({ total }) => ({ totalMinor: total / 3 })) },
  });
  expect(() => parseEvent(Broken, received(1, { total: 1 }))).toThrow(MalformedEventError);
  expect(() => parseEvent(Broken, received(1, { total: 1 }))).toThrow("can't be brought from version 1 to 2");
});

test("a fault is told in a thousand characters, however much is wrong", () => {
  const Lines = defineEvent("order.settled", 1, z.object({ lines: z.array(z.int()) }));
  const wrong = () => parseEvent(Lines, received(1, { lines: Array(5000).fill("x") }));
  expect(wrong).toThrow(expect.objectContaining({ message: expect.stringMatching(/^.{100,1200}$/s) }));
});

test("an event can't be defined without a way from each of its earlier versions", () => {
  expect(() =>
    defineEvent("order.settled", 3, V3, { from: { 2: upcast(V2, V3, (v2) => ({ ...v2, currency: "" })) } }),
  ).toThrow("expected from 1, 2, got 2");
  expect(() => defineEvent("order.settled", 2, V2)).toThrow("expected from 1, got none");
});

test("a rule's pattern names sources and events once each", () => {
  expect(pattern(OrderPlaced, ProductCreated, OrderConfirmed)).toEqual({
    source: ["cartwright.inventory", "cartwright.order"],
    detailType: ["order.confirmed", "order.placed", "product.created"],
  });
});

test("the registry knows every event by its name", () => {
  expect(registry.get("order.placed")).toBe(OrderPlaced);
  expect([...registry.keys()].length).toBeGreaterThanOrEqual(18);
  for (const [name, definition] of registry) expect(definition.name).toBe(name);
});
