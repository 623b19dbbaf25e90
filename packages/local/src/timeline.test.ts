import { afterAll, beforeAll, expect, test } from "vitest";
import { play, scenarios } from "./shop/scenario.ts";
import { timeline } from "./shop/story.ts";
import { archived, lose, stateOf } from "./test/checkout.ts";
import { type System, startSystem } from "./test/system.ts";

let system: System;
/** Ids of orders, by what they were paid with and how they ended. */
const played = new Map<string, string>();

beforeAll(async () => {
  system = await startSystem();
  let failures = 0;
  system.hooks.afterInvoke = (name) => {
    if (name === "RecordTimeline" && failures++ % 3 === 0) throw new Error("failed after the effect");
  };
  for (const scenario of scenarios) {
    const { order, faults } = await play(scenario, system.local, system.shop);
    expect(faults).toEqual([]);
    played.set(scenario.title, order.id);
  }
  for (let minute = 0; minute < 3; minute++) await system.skip(61_000);
  delete system.hooks.afterInvoke;
  await system.skip(61_000);
});
afterAll(() => system.stop());

/** Sends all that ever happened through the bus again. */
async function replay(): Promise<void> {
  for (const event of archived(system).reverse()) {
    system.local.bus.putEvents([
      {
        EventBusName: system.local.topology.buses.Bus!.name,
        Source: event.source,
        DetailType: event["detail-type"],
        Detail: JSON.stringify(event.detail),
      },
    ]);
  }
  await system.skip(61_000);
}

test("an order's timeline is all of its events and nothing else, though each third delivery failed", async () => {
  const events = archived(system).map(({ detail }) => detail as { id: string; data: { orderId?: string } });
  for (const orderId of played.values()) {
    const { items } = await system.shop.staff.orders.timeline(orderId);
    const about = events.filter(({ data }) => data.orderId === orderId);
    expect(items.map(({ eventId }) => eventId).sort()).toEqual([...new Set(about.map(({ id }) => id))].sort());
    expect(items.length).toBeGreaterThanOrEqual(3);
  }
});

const wholeUndo = ["abandon", "void", "release", "cancel"];

test.each([
  ["A good order of two lines", [], undefined],
  [
    "Two of the last one: out of stock, nothing charged",
    ["abandon", "cancel"],
    "Order given up while its stock was being reserved: out of stock",
  ],
  [
    "A declined card gives the stock back",
    ["abandon", "release", "cancel"],
    "Order given up while its payment was being authorized: the payment was declined",
  ],
  [
    "Refused at capture: even a confirmed order is undone",
    wholeUndo,
    "Order given up while its payment was being captured: the payment was declined",
  ],
])("%s: the undo is told step by step, with what failed", async (order, undone, given) => {
  const { items } = await system.shop.staff.orders.timeline(played.get(order)!);
  // The stock of a confirmed order is held or committed, as it happens, and goes back either way.
  const undo = items.filter((item) => item.undo || item.event === "stock.restocked");
  expect(undo.map(({ step = "release" }) => step)).toEqual(undone);
  expect(undo[0]?.text).toBe(given);
  for (const { causedBy } of undo) expect(causedBy).toBe("order.placed");
  expect(new Set(items.map(({ correlationId }) => correlationId)).size).toBe(1);
});

test("a checkout that was resumed tells why", async () => {
  const { items } = await system.shop.staff.orders.timeline(
    played.get("3-D Secure: the customer confirms with their bank")!,
  );
  const resumed = items.filter(({ event }) => event === "checkout.resumed");
  expect(resumed).toMatchObject([
    { text: "Checkout started again: the customer was done with their bank", causedBy: "payment.action-completed" },
  ]);
});

test("what the demo prints is the API's timeline, with the steps that failed before what follows from them", async () => {
  const printed = (
    await timeline(system.local, system.shop.customer, played.get("A declined card gives the stock back")!)
  ).split("\n");
  const lineOf = (text: string) => printed.findIndex((line) => line.includes(text));
  expect(printed[0]).toMatch(/\+0 ms {2}● order\.placed/);
  expect(lineOf("AuthorizePayment ✗ PaymentDeclinedError")).toBeGreaterThan(lineOf("payment.declined"));
  expect(lineOf("AuthorizePayment ✗ PaymentDeclinedError")).toBeLessThan(lineOf("order.abandoned"));
});

test("staff may see any order's timeline, and another customer none", async () => {
  const orderId = played.get("A good order of two lines")!;
  const own = await system.shop.staff.orders.timeline(orderId);
  expect(await system.shop.staff.orders.timeline(orderId)).toEqual(own);
  const stranger = await system.newCustomer();
  await expect(stranger.orders.timeline(orderId)).rejects.toMatchObject({ status: 404, code: "order_not_found" });
});

test("replaying the archive, backwards and twice, leaves every item as it was", async () => {
  const before = await stateOf(system);
  expect([...before.keys()].some((key) => key.includes("inbox"))).toBe(true);
  await replay();
  await replay();
  expect(await stateOf(system)).toEqual(before);
});

test("timelines that were lost are rebuilt from the archive as they were", async () => {
  const before = await stateOf(system);
  expect(await lose(system, "OrderTable", "timeline")).toBeGreaterThan(30);
  await replay();
  expect(await stateOf(system)).toEqual(before);
});
