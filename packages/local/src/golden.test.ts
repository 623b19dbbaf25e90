/** Every event that ever was, as its committed sample has it, against the handlers of today. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Order } from "@cartwright/client";
import { type Envelope, orderEvents, registry, withPrefix } from "@cartwright/events";
import { type Subscriber, subscribersOf } from "@cartwright/topology";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { answerBank, paymentOf } from "./shop/scenario.ts";
import { orderFor } from "./shop/seed.ts";
import { place, settle } from "./test/checkout.ts";
import { repository } from "./test/fixture.ts";
import { type System, startSystem } from "./test/system.ts";

const contract = path.join(repository, "packages/events/contract");
const files = readdirSync(contract, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".sample.json"),
);

let system: System;
let order: Order;
const complaints: string[] = [];
const invoked: { name: string; events: string[] }[] = [];

beforeAll(async () => {
  system = await startSystem();
  const { customer } = system.shop;
  const { id } = await customer.orders.place(orderFor([{ sku: "MUG-BLUE", quantity: 2 }], "tok_ok"));
  // Until its watch has seen that it is settled.
  await system.skip(31_000);
  order = await customer.orders.get(id);
  expect(order).toMatchObject({ status: "confirmed", paid: true });
  system.hooks.onLog = ({ text }) => {
    if (/dead letter|"level":"ERROR"/.test(text)) complaints.push(text);
  };
  system.hooks.afterInvoke = (name, event) => {
    invoked.push({ name, events: idsIn(event) });
    return undefined;
  };
});
afterAll(() => system.stop());
beforeEach(() => {
  complaints.length = 0;
  invoked.length = 0;
  // What one sample leaves behind is no fault of the next.
  for (const { arn } of system.local.queues.all()) system.local.queues.purge(arn);
});

/** The sample as if it told of this order: an order, its payment and its reservation differ in the prefix. */
function sampleOf(file: string, orderId: string = order.id): Envelope {
  const text = readFileSync(path.join(contract, file), "utf8");
  return JSON.parse(
    text.replaceAll(/\b(ord|pay|rsv)_[0-9A-Z]{26}\b/g, (_, prefix: "ord" | "pay" | "rsv") =>
      withPrefix(prefix, orderId),
    ),
  );
}

/** Its subscribers are done with it when this ends. */
async function publish(event: Envelope): Promise<Subscriber[]> {
  const { bus, topology } = system.local;
  const entry = { Source: event.source, DetailType: event.name, Detail: JSON.stringify(event), Time: event.time };
  expect(bus.putEvents([{ ...entry, EventBusName: topology.buses.Bus!.name }])).toMatchObject({ FailedEntryCount: 0 });
  const subscribers = subscribersOf(topology).filter(({ takes }) => takes(event));
  const delays = subscribers.map(({ queue }) => (queue ? topology.queues[queue]!.delaySeconds : 0));
  await system.skip(1000 * Math.max(1, ...delays));
  return subscribers;
}

/** All that is in queues and in the hands of their consumers; nothing, once everything is consumed. */
function waiting(): Record<string, unknown> {
  const { local } = system;
  const counts = Object.entries(local.topology.queues).map(
    ([name, { arn }]) => [name, local.queues.counts(arn)] as const,
  );
  return Object.fromEntries(counts.filter(([, count]) => Object.values(count).some((number) => number > 0)));
}

async function state() {
  const { customer, staff } = system.shop;
  const [today, payment] = [await customer.orders.get(order.id), await paymentOf(customer, order.id)];
  return {
    today,
    payment,
    stock: await staff.products.stock("MUG-BLUE"),
    product: await staff.products.get("MUG-BLUE"),
  };
}

type State = Awaited<ReturnType<typeof state>>;

/** Samples that tell of something which has not happened to the order yet, and what that changes. */
const news: Record<string, (keyof State)[]> = {
  "order.fulfilled": ["stock"],
  // What came back by the sample can't be sold again.
  "order.returned": ["today", "payment"],
  "stock.allocated": ["today"],
  // The sample of a refund that went through is of the same refund, and no later.
  "payment.refund-failed": ["today"],
};

/** These parts, and no other. */
function expectChanged(before: State, after: State, parts: (keyof State)[]): void {
  const changed = (Object.keys(before) as (keyof State)[]).filter(
    (part) => JSON.stringify(before[part]) !== JSON.stringify(after[part]),
  );
  expect(changed.toSorted()).toEqual(parts.toSorted());
}

test("every version of every event has a sample", () => {
  const expected = [...registry.values()].flatMap(({ name, version }) =>
    Array.from({ length: version }, (_, index) => path.join(name, `v${index + 1}.sample.json`)),
  );
  expect(files.toSorted()).toEqual(expected.toSorted());
});

describe("is consumed by all who subscribe to it, and changes nothing that is settled", () => {
  test.each(files.toSorted())("%s", async (file) => {
    const before = await state();
    const event = sampleOf(file);
    const subscribers = await publish(event);
    expect(complaints).toEqual([]);
    expect(waiting()).toEqual({});
    for (const { name } of subscribers.filter(({ kind }) => kind === "function")) {
      expect(invoked.filter((each) => each.name === name && each.events.includes(event.id)).length, name).toBe(1);
    }
    const runs = system.local.executions.mentioning(event.id).filter(({ input }) => isStartedBy(input, event));
    expect(runs.map(({ result }) => result)).toEqual(
      subscribers
        .filter(({ kind }) => kind === "state machine")
        .map(() => expect.objectContaining({ status: "SUCCEEDED" })),
    );
    expectChanged(before, await state(), news[event.name] ?? []);
  });
});

const samplesOf = (...names: string[]) => files.filter((file) => names.includes(path.dirname(file))).toSorted();

/** How a person reads a sample whose version tells less, or other, than today's. */
const sentences: Record<string, string> = {
  "payment.declined/v1.sample.json": "Payment declined: the provider gave another reason",
};

describe("is told by the timeline of its order", () => {
  test.each(samplesOf(...orderEvents.map(({ name }) => name)))("%s", async (file) => {
    const id = await place(system, "tok_declined");
    await settle(system, id);
    const event = sampleOf(file, id);
    await publish(event);
    const { items } = await system.shop.customer.orders.timeline(id);
    const told = items.filter(({ eventId }) => eventId === event.id);
    const { name, time: at, correlationId } = event;
    expect(told).toMatchObject([{ event: name, at, correlationId, ...(sentences[file] && { text: sentences[file] }) }]);
  });

  test("those whose sentence is spelled out are all there", () => {
    expect(files).toEqual(expect.arrayContaining(Object.keys(sentences)));
  });
});

describe("sets the price of its product", () => {
  test.each(samplesOf("product.created", "product.updated"))("%s", async (file) => {
    const sample = sampleOf(file);
    // A product that nothing is known of yet.
    const sku = `${sample.name}-${sample.version}`;
    const { variants } = sample.data as { variants?: { prices: object[] }[] };
    const data = { ...sample.data, sku, ...(variants && { variants: [{ ...variants[0], sku, options: [] }] }) };
    await publish({ ...sample, subject: sku, data });
    const placed = await system.shop.customer.orders.place(orderFor([{ sku, quantity: 1 }], "tok_ok"));
    expect(placed.lines).toMatchObject([
      { sku, title: sample.data.title, unitPrice: sample.data.price ?? variants![0]!.prices[0] },
    ]);
    await settle(system, placed.id);
  });
});

describe("is acted upon by an order that waits for it", () => {
  const waits = [
    { name: "payment.captured", token: "tok_ok", effects: ["order.paid"] },
    { name: "payment.action-completed", token: "tok_requires_action", effects: ["checkout.resumed"] },
  ];
  const cases = waits.flatMap(({ name, ...rest }) => samplesOf(name).map((file) => ({ file, name, ...rest })));

  test.each(cases)("$file", async ({ file, name, token, effects }) => {
    system.hooks.onPutEvents = ({ DetailType }) => (DetailType === name ? "MalformedDetail" : undefined);
    const id = await place(system, token);
    await system.local.idle();
    if (token === "tok_requires_action") await answerBank(system.shop.customer, id);
    await system.local.idle();
    delete system.hooks.onPutEvents;
    expect(await system.shop.customer.orders.get(id)).toMatchObject({ paid: false });
    const event = sampleOf(file, id);
    await publish(event);
    const { items } = await system.shop.customer.orders.timeline(id);
    const caused = items.filter(({ causationId }) => causationId === event.id).map((item) => item.event);
    expect(caused.toSorted()).toEqual(effects);
    expect(await settle(system, id)).toMatchObject({ status: "confirmed", paid: true });
  });
});

/** Of the events in a queue's batch. */
function idsIn(batch: unknown): string[] {
  const { Records = [] } = (batch ?? {}) as { Records?: { body?: string }[] };
  return Records.flatMap(({ body }) => (body ? [(JSON.parse(body) as { detail?: Envelope }).detail?.id ?? ""] : []));
}

/** Not merely by an event that names this one as its cause. */
function isStartedBy(input: unknown, event: Envelope): boolean {
  return (input as { detail: Envelope }).detail.id === event.id;
}
