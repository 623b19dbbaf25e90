import { DeleteItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { newId, type OrderEvent, orderEvents, withPrefix } from "@cartwright/events";
import * as fc from "fast-check";
import { Resource } from "sst";
import { expect, test } from "vitest";
import { dynamo } from "../../dynamo.ts";
import { told } from "./moment.ts";
import { addToTimeline, inOrder, itemOf, momentsOf } from "./timeline.ts";

const noon = Date.UTC(2026, 0, 1, 12);

type Overrides = Partial<Omit<OrderEvent, "data">> & { orderId?: string; data?: Record<string, unknown> };

/** An event as the timeline meets it: of any name, and with whatever data. */
function createOrderEvent(name: string, { orderId = newId("ord"), data, ...rest }: Overrides = {}): OrderEvent {
  return {
    id: newId("evt"),
    name,
    version: 1,
    time: new Date(noon).toISOString(),
    source: orderEvents.find((definition) => definition.name === name)?.source ?? "cartwright.order",
    subject: orderId,
    sequence: 1,
    correlationId: "c",
    ...rest,
    data: { orderId, ...data },
  };
}

/** What the table holds of an order's timeline. */
async function itemsOf(orderId: string) {
  const { Items = [] } = await dynamo().send(
    new QueryCommand({
      TableName: Resource.OrderTable.name,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: `$order#orderId_${orderId}` } },
    }),
  );
  if (Items.length === 0) throw new Error(`nothing is stored about ${orderId}`);
  return Items;
}

/** The same as text, with keys in the same order. */
async function stored(orderId: string): Promise<string> {
  const items = await itemsOf(orderId);
  return JSON.stringify(items.map((item) => Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))));
}

async function textOf(name: string, data: Record<string, unknown> = {}): Promise<string> {
  const event = createOrderEvent(name, { data });
  await addToTimeline(event);
  return (await momentsOf(event.data.orderId))[0]!.text;
}

test("every event that tells of an order has a sentence, and no other has", () => {
  expect([...told].sort()).toEqual(orderEvents.map(({ name }) => name).sort());
});

test("an event that comes again leaves the table byte for byte as it was", async () => {
  const event = createOrderEvent("payment.declined", { data: { reason: "insufficient_funds" } });
  await addToTimeline(event);
  const once = await stored(event.data.orderId);
  expect(once).toContain(event.id);
  await addToTimeline(event);
  await Promise.all(Array.from({ length: 10 }, () => addToTimeline(event)));
  expect(await stored(event.data.orderId)).toBe(once);
});

/** Events of one order from three subjects, some at the same time, most caused by an earlier one. */
const story = fc
  .array(
    fc.record({
      name: fc.constantFrom(...told),
      subject: fc.constantFrom("ord", "pay", "rsv"),
      laterMs: fc.constantFrom(0, 0, 1, 1000),
      cause: fc.option(fc.nat(20), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((steps) => {
    const sequences = new Map<string, number>();
    let atMs = noon;
    const ids = steps.map(() => newId("evt"));
    return steps.map(({ name, subject, laterMs, cause }, index) => {
      atMs += laterMs;
      const sequence = (sequences.get(subject) ?? 0) + 1;
      sequences.set(subject, sequence);
      const causationId = cause === undefined || index === 0 ? undefined : ids[cause % index]!;
      return { id: ids[index]!, name, subject, sequence, time: new Date(atMs).toISOString(), causationId };
    });
  });

type Story = typeof story extends fc.Arbitrary<infer Value> ? Value : never;

function eventsOf(steps: Story, orderId: string): OrderEvent[] {
  return steps.map(({ subject, causationId, name, ...rest }) =>
    createOrderEvent(name, {
      ...rest,
      orderId,
      subject: withPrefix(subject as "ord", orderId),
      ...(causationId && { causationId }),
    }),
  );
}

test("in whichever order its events arrive, and however often, an order has one timeline", async () => {
  const permuted = story.chain((steps) =>
    fc.record({
      steps: fc.constant(steps),
      arrivals: fc
        .tuple(
          fc.shuffledSubarray([...steps.keys()], { minLength: steps.length }),
          fc.array(fc.nat(steps.length - 1), { maxLength: 12 }),
        )
        .map(([all, again]) => [...again, ...all, ...again.slice(1)]),
    }),
  );
  await fc.assert(
    fc.asyncProperty(permuted, async ({ steps, arrivals }) => {
      const [replayed, lived] = [newId("ord"), newId("ord")];
      for (const event of eventsOf(steps, replayed)) await addToTimeline(event);
      const events = eventsOf(steps, lived);
      for (const index of arrivals) await addToTimeline(events[index]!);
      const ulids = [lived, replayed].map((id) => id.slice(4)) as [string, string];
      expect((await stored(lived)).replaceAll(...ulids)).toBe(await stored(replayed));
      const moments = await momentsOf(lived);
      expect(moments).toEqual(await momentsOf(replayed));
      expect(moments.map(({ eventId }) => eventId).sort()).toEqual(steps.map(({ id }) => id).sort());
    }),
    { numRuns: 20 },
  );
});

test("moments are told by time, and a cause before its effect", () => {
  fc.assert(
    fc.property(story, (steps) => {
      const items = inOrder(
        fc.sample(fc.shuffledSubarray(eventsOf(steps, newId("ord")), { minLength: steps.length }), 1)[0]!.map(itemOf),
      );
      const placeOf = new Map(items.map(({ eventId }, index) => [eventId, index]));
      items.forEach((item, index) => {
        const next = items[index + 1];
        if (next) expect(next.at >= item.at).toBe(true);
        if (item.causationId) expect(placeOf.get(item.causationId)).toBeLessThan(index);
        for (const later of items.slice(index + 1)) {
          if (later.subject === item.subject) expect(later.sequence).toBeGreaterThan(item.sequence);
        }
      });
    }),
  );
});

test("without a cause between them, moments of the same time go by subject and sequence", () => {
  const at = { at: "2026-01-01T12:00:00.000Z" };
  const item = (eventId: string, subject: string, sequence: number) => ({ ...at, eventId, subject, sequence });
  const items = [item("d", "rsv_1", 1), item("c", "pay_1", 10), item("b", "pay_1", 9), item("a", "ord_1", 2)];
  expect(inOrder(items).map(({ eventId }) => eventId)).toEqual(["a", "b", "c", "d"]);
});

test("events that name each other as their cause are all told", () => {
  const item = (eventId: string, causationId: string) => ({
    at: "t",
    subject: eventId,
    sequence: 1,
    eventId,
    causationId,
  });
  expect(inOrder([item("b", "a"), item("a", "b")]).map(({ eventId }) => eventId)).toEqual(["a", "b"]);
});

test("a moment names its step, its amount and the event that it follows from", async () => {
  const orderId = newId("ord");
  const total = { amount: 1900, currency: "EUR" };
  const placed = createOrderEvent("order.placed", { orderId, data: { total } });
  const later = { orderId, time: new Date(noon + 5).toISOString(), causationId: placed.id };
  const captured = createOrderEvent("payment.captured", { ...later, subject: "pay_1", data: { amount: total } });
  const voided = createOrderEvent("payment.voided", {
    ...later,
    subject: "pay_1",
    sequence: 2,
    causationId: "webhook-7",
  });
  for (const event of [voided, captured, placed]) await addToTimeline(event);
  const shared = { correlationId: "c" };
  expect(await momentsOf(orderId)).toEqual([
    {
      at: "2026-01-01T12:00:00.000Z",
      event: "order.placed",
      domain: "order",
      undo: false,
      text: "Order placed",
      amount: total,
      eventId: placed.id,
      ...shared,
    },
    {
      at: "2026-01-01T12:00:00.005Z",
      event: "payment.captured",
      domain: "payment",
      step: "capture",
      undo: false,
      text: "Payment captured",
      amount: total,
      eventId: captured.id,
      causationId: placed.id,
      causedBy: "order.placed",
      ...shared,
    },
    {
      at: "2026-01-01T12:00:00.005Z",
      event: "payment.voided",
      domain: "payment",
      step: "void",
      undo: true,
      text: "Payment voided: nothing will be charged",
      eventId: voided.id,
      causationId: "webhook-7",
      ...shared,
    },
  ]);
});

test.each([
  ["payment.declined", { reason: "insufficient_funds" }, "Payment declined: insufficient funds"],
  ["payment.declined", { reason: "other" }, "Payment declined: the provider gave another reason"],
  ["payment.declined", { reason: "stolen_card" }, "Payment declined: stolen card"],
  ["order.abandoned", { reason: "expired" }, "Order given up: its time ran out"],
  [
    "order.abandoned",
    { reason: "out_of_stock", step: "reserve", error: "OutOfStockError" },
    "Order given up while its stock was being reserved: out of stock",
  ],
  [
    "order.abandoned",
    { reason: "internal_error", step: "capture", error: "TypeError" },
    "Order given up while its payment was being captured: an error on our side (TypeError)",
  ],
  ["order.abandoned", { reason: "internal_error", step: "screen" }, "Order given up: an error on our side"],
  ["checkout.resumed", {}, "Checkout started again"],
  ["checkout.resumed", { trigger: "watch" }, "Checkout started again: it was not settled yet"],
  ["checkout.resumed", { trigger: "a person" }, "Checkout started again"],
  [
    "stock.reserved",
    {
      lines: [
        { sku: "A", quantity: 2 },
        { sku: "B", quantity: 1 },
      ],
    },
    "Stock reserved: 3 units",
  ],
  ["stock.released", { lines: [{ sku: "A", quantity: 1 }] }, "Stock given back: 1 unit"],
  ["order.refunded", { amount: { amount: 1999, currency: "EUR" } }, "Paid back to the customer: 19.99 EUR"],
  ["order.refund-reversed", { amount: { amount: 1999, currency: "EUR" } }, "Refund does not count: 19.99 EUR"],
  ["payment.action-completed", { approved: true }, "Customer confirmed the payment"],
  ["payment.action-completed", { approved: false }, "Payment was refused when asked to confirm"],
])("%s with %j reads as a sentence", async (name, data, text) => {
  expect(await textOf(name, data)).toBe(text);
});

test("an event that this code does not know yet is told by its name", async () => {
  expect(await textOf("order.gift-wrapped")).toBe("order.gift-wrapped");
});

test("tokens, customers and the provider's own words are not kept", async () => {
  const data = {
    sealedToken: "jwe-canary",
    customerId: "usr_canary",
    providerReason: "Ada Canary has no funds",
    lines: [{ sku: "SKU-canary", quantity: 1 }],
    shippingAddress: { name: "Ada Canary" },
  };
  for (const name of told) {
    const event = createOrderEvent(name, { data: data });
    await addToTimeline(event);
    expect((await stored(event.data.orderId)).toLowerCase()).not.toContain("canary");
  }
});

test("the largest moment costs one write unit", async () => {
  const long = "x".repeat(1000);
  const event = createOrderEvent("order.abandoned", {
    correlationId: crypto.randomUUID(),
    causationId: newId("evt"),
    sequence: 999_999_999,
    data: {
      total: { amount: Number.MAX_SAFE_INTEGER, currency: "EUR" },
      lines: Array.from({ length: 50 }, () => ({ quantity: 999 })),
      reason: long,
      step: long,
      error: long,
      trigger: long,
      approved: false,
    },
  });
  await addToTimeline(event);
  const [item] = await itemsOf(event.data.orderId);
  const { ConsumedCapacity } = await dynamo().send(
    new DeleteItemCommand({
      TableName: Resource.OrderTable.name,
      Key: { pk: item!.pk!, sk: item!.sk! },
      ReturnConsumedCapacity: "TOTAL",
    }),
  );
  expect(ConsumedCapacity?.CapacityUnits).toBe(1);
});
