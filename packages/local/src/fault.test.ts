/** What becomes of events when things fail: invariants 5, 7 and 8 of docs/architecture.md. */
import { DeleteItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { type Money, newId, registry } from "@cartwright/events";
import { subscribersOf } from "@cartwright/topology";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { PutEventsEntry } from "./bus/bus.ts";
import { readTopology } from "./cli/process.ts";
import { answerBank, paymentOf } from "./shop/scenario.ts";
import { orderFor } from "./shop/seed.ts";
import {
  archived,
  askOperatorInVain,
  closeAccount,
  deadLetters,
  entityOf,
  failuresIn,
  type Item,
  lose,
  madeUp,
  place,
  placeInVain,
  returnAll,
  settle,
  stateOf,
} from "./test/checkout.ts";
import { clientOf, dynamoOf } from "./test/endpoint.ts";
import { expectAllowedEdges, expectNothingLost } from "./test/outbox.ts";
import { type System, startSystem } from "./test/system.ts";

/** There is always one of it before a story, and more may be promised. */
const awaited = "KETTLE-COPPER";

let system: System;
beforeAll(async () => {
  // Without the schedules, which could mend what an event was to do.
  system = await startSystem({ topology: { ...readTopology(), schedules: {} } });
  const { products } = system.shop.staff;
  await products.create({ sku: awaited, title: "Copper kettle", prices: [{ amount: 9900, currency: "EUR" }] });
  await products.configureStock(awaited, 0, { backorderLimit: 5 });
  await deliver(1);
  await system.local.idle();
});
afterAll(() => system.stop());
afterEach(() => {
  system.mend();
  for (const [name, { arn }] of Object.entries(system.local.topology.queues)) {
    if (name.endsWith("DeadLetters")) system.local.queues.purge(arn);
  }
});

/** Who consumes which events, by the rules of the stacks. */
const subscribers = subscribersOf(readTopology());
const reactions = subscribers.filter(({ kind }) => kind === "function");
const names = reactions.map(({ name }) => name);
const subscribedTo = (event: string, among = subscribers) => among.filter(({ takes }) => takes(registry.get(event)!));

/** The relays of the stacks, each with the events that it publishes. */
const relays = relaysOf(readTopology());

function relaysOf({ tables, mappings, functions, links }: ReturnType<typeof readTopology>) {
  const letters = links.DeadLetters!.queues as Record<string, { events: string[] }>;
  const streams = Object.values(tables).map(({ stream }) => stream?.arn);
  return Object.entries(functions)
    .filter(([, { arn }]) =>
      Object.values(mappings).some((mapping) => mapping.function === arn && streams.includes(mapping.source)),
    )
    .map(([name]) => ({ name, events: letters[name]!.events }));
}

/** The ids of all events about an order that the bus took. */
function publishedAbout(orderId: string): string[] {
  return archived(system)
    .filter(({ detail }) => (detail.data as { orderId?: string }).orderId === orderId)
    .map(({ detail }) => String(detail.id));
}

/** Of a product that has one variant. */
function pricesOf({ variants: [only] }: { variants: { prices: Money[] }[] }): Money[] {
  return only!.prices;
}

async function raisePrice(): Promise<void> {
  const { products } = system.shop.staff;
  const teapot = await products.get("TEAPOT-08");
  const prices = pricesOf(teapot).map((price) => ({ ...price, amount: price.amount + 1 }));
  await products.update("TEAPOT-08", teapot.version, { prices });
}

async function isCaptured(orderId: string): Promise<boolean> {
  return (await paymentOf(system.shop.customer, orderId))?.status === "captured";
}

async function deliver(delta: number): Promise<void> {
  await system.shop.staff.products.adjustStock(awaited, { delta, reason: "delivery" });
}

/** It takes a quarter of an hour until orders are no longer looked for, so that only they see it who react to it alone. */
const seesAccountsClosed = new Set(
  ["user.erased", "order.anonymized"]
    .flatMap((event) => subscribedTo(event))
    .filter(({ name }) => name !== "RecordTimeline")
    .map(({ name }) => name),
);

/**
 * An order that subscribers have something to do with, until it has come back, and one that waits for a delivery; and for
 * the others a product with a new price, an order that there is too little for and, for some, a customer who closes their
 * account. Answers the first two.
 */
async function playStory(subscriber = ""): Promise<string[]> {
  if (seesAccountsClosed.has(subscriber)) await closeAccount(system);
  await raisePrice();
  await placeInVain(system);
  const id = await place(system, "tok_requires_action");
  const { id: waiting } = await system.shop.customer.orders.place(orderFor([{ sku: awaited, quantity: 3 }], "tok_ok"));
  await system.local.idle();
  await answerBank(system.shop.customer, id);
  await settle(system, id);
  await settle(system, waiting);
  await deliver(3);
  await returnAll(system, id);
  askOperatorInVain(system);
  await waitForRetries();
  return [id, waiting];
}

/** What was killed, and the watch, have come back by then: few messages are held for longer than three minutes. */
async function waitForRetries(): Promise<void> {
  for (let skips = 0; skips < 2 || isWaiting(); skips++) await system.skip(181_000);
}

function isWaiting(): boolean {
  const queues = Object.entries(system.local.topology.queues).filter(([name]) => !name.endsWith("DeadLetters"));
  return queues.some(([, { arn }]) => {
    const { visible, inFlight, delayed } = system.local.queues.counts(arn);
    return visible + inFlight + delayed > 0;
  });
}

/** The orders are settled, no event was lost, each of theirs had its effects once, and nothing is left over. */
async function expectOnce(...orderIds: string[]): Promise<void> {
  const state = await expectNothingLost(system);
  for (const id of orderIds) await expectEffectsOnce(id);
  const teapot = await system.shop.staff.products.get("TEAPOT-08");
  const priced = [...state.values()].find((item) => isPriceOf(item, teapot.sku));
  expect(priced).toMatchObject({
    prices: storedPrices(pricesOf(teapot)),
    sequence: { N: String(teapot.version) },
  });
  expect(deadLetters(system)).toEqual({});
}

async function expectEffectsOnce(orderId: string): Promise<void> {
  const order = await system.shop.customer.orders.get(orderId);
  const [returned, waited] = [order.returns.length > 0, order.lines[0]!.sku === awaited];
  expect(order).toMatchObject({
    status: returned ? "returned" : "confirmed",
    paid: true,
    refunded: { amount: returned ? order.total.amount : 0 },
    backordered: [],
  });
  const { items } = await system.shop.customer.orders.timeline(orderId);
  expect(items.map(({ eventId }) => eventId).sort()).toEqual([...new Set(publishedAbout(orderId))].sort());
  const effects = ["order.paid", "stock.committed"];
  if (waited) effects.push("stock.backordered", "stock.allocated");
  if (returned) {
    effects.push("order.fulfilled", "stock.shipped", "order.returned", "stock.restocked");
    effects.push("payment.refund-requested", "payment.refunded", "order.refunded");
  }
  for (const event of effects) {
    expect(items.filter((item) => item.event === event).length, event).toBe(1);
  }
}

function storedPrices(prices: Money[]) {
  return {
    L: prices.map(({ amount, currency }) => ({ M: { amount: { N: String(amount) }, currency: { S: currency } } })),
  };
}

function isPriceOf(item: Item, sku: string): boolean {
  return entityOf(item) === "price" && item.sku?.S === sku;
}

test("there are subscribers and relays to break", () => {
  expect(names.length).toBeGreaterThanOrEqual(6);
  expect(relays.length).toBeGreaterThanOrEqual(4);
});

describe("a projection", () => {
  test.each([
    ["UpdatePriceList", "price"],
    ["RecordTimeline", "timeline"],
  ])("that %s makes equals a replay from scratch", async (subscriber, entity) => {
    await playStory();
    await settle(system, await place(system, "tok_declined"));
    const before = await stateOf(system);
    const lost = await lose(system, "OrderTable", entity);
    expect(lost).toBeGreaterThan(5);
    expect((await stateOf(system)).size).toBe(before.size - lost);
    const [from, to] = [new Date(0), new Date(system.local.now())].map((time) => time.toISOString());
    const { id } = await system.shop.staff.ops.replays.start({ subscriber, from: from!, to: to! });
    await system.local.idle();
    expect(await system.shop.staff.ops.replays.get(id)).toMatchObject({ status: "completed" });
    expect(await stateOf(system)).toEqual(before);
    expect(deadLetters(system)).toEqual({});
  });
});

describe("a subscriber that is killed", () => {
  test.each(names)("before %s has done anything, does it later, once", async (name) => {
    let kills = 0;
    system.hooks.beforeInvoke = (invoked) => (invoked === name && kills++ < 2 ? "kill" : undefined);
    await expectOnce(...(await playStory(name)));
    expect(kills).toBeGreaterThan(2);
  });

  test.each(names)("after %s has had its effect, has it once", async (name) => {
    let kills = 0;
    system.hooks.afterInvoke = (invoked) => (invoked === name && kills++ < 2 ? "kill" : undefined);
    await expectOnce(...(await playStory(name)));
    expect(kills).toBeGreaterThan(2);
  });
});

describe("a relay that is killed", () => {
  test.each(relays)("before $name has published anything, does it later", async ({ name }) => {
    let kills = 0;
    system.hooks.beforeInvoke = (invoked) => (invoked === name && kills++ < 2 ? "kill" : undefined);
    await system.newCustomer();
    await expectOnce(...(await playStory()));
    expect(kills).toBeGreaterThan(2);
  });

  test.each(relays)("after $name has published, does no effect twice", async ({ name }) => {
    let kills = 0;
    system.hooks.afterInvoke = (invoked) => (invoked === name && kills++ < 2 ? "kill" : undefined);
    await system.newCustomer();
    await expectOnce(...(await playStory()));
    expect(kills).toBeGreaterThan(2);
  });

  test.each(relays)("when $name has published a part, publishes the rest later", async ({ name, events }) => {
    let [taken, refused, kills] = [0, 0, 0];
    // Until several writes wait for the relay, which then come in one batch.
    let release = (_: undefined) => {};
    const held = new Promise<undefined>((resolve) => {
      release = resolve;
    });
    system.hooks.beforeInvoke = (invoked) => {
      if (invoked !== name) return undefined;
      [taken, refused] = [0, 0];
      return held;
    };
    // As if it had died before the bus took its second entry.
    system.hooks.onPutEvents = ({ DetailType }) => {
      if (kills > 0 || !events.includes(DetailType!) || taken++ === 0) return undefined;
      refused++;
      return "InternalFailure";
    };
    system.hooks.afterInvoke = (invoked) => (invoked === name && refused > 0 && kills++ === 0 ? "kill" : undefined);
    const ids: string[] = [];
    for (let round = 0; round < 3; round++) {
      await system.newCustomer();
      await raisePrice();
      ids.push(await place(system, "tok_ok"));
    }
    if (name === "PaymentRelay") for (const id of ids) await vi.waitUntil(() => isCaptured(id), { timeout: 20_000 });
    release(undefined);
    await waitForRetries();
    expect(kills).toBe(1);
    await expectOnce(...ids);
  });
});

describe("deliveries", () => {
  test("of an older price after a newer one change nothing", async () => {
    const { staff } = system.shop;
    let refused = 0;
    // The first change fails once, so it comes back after the second one.
    system.hooks.beforeInvoke = (name) => {
      if (name === "UpdatePriceList" && refused++ === 0) throw new Error("out of order");
    };
    const tray = await staff.products.get("TRAY-OAK");
    const euros = (amount: number) => [{ amount, currency: "EUR" }];
    const first = await staff.products.update("TRAY-OAK", tray.version, { prices: euros(1) });
    await system.local.idle();
    await staff.products.update("TRAY-OAK", first.version, { prices: euros(2) });
    await system.local.idle();
    await system.skip(61_000);
    const price = [...(await stateOf(system)).values()].find((item) => isPriceOf(item, "TRAY-OAK"));
    expect(refused).toBe(3);
    expect(price).toMatchObject({ prices: storedPrices(euros(2)) });
  });
});

/** An event as it would come from somebody who keeps no contract. */
function foreign(name: string, version: number, data: object): PutEventsEntry {
  const { source } = registry.get(name)!;
  const time = new Date(system.local.now()).toISOString();
  const envelope = {
    id: newId("evt"),
    name,
    version,
    time,
    source,
    subject: madeUp,
    sequence: 1,
    correlationId: "c",
    data,
  };
  const EventBusName = system.local.topology.buses.Bus!.name;
  return { EventBusName, Source: source, DetailType: name, Detail: JSON.stringify(envelope) };
}

describe("an event that can't be consumed", () => {
  const kinds = [
    [
      "is poison",
      (name: string) => foreign(name, registry.get(name)!.version, { nonsense: true }),
      "MalformedEventError",
    ],
    ["is of a version that is too new", (name: string) => foreign(name, 99, {}), "EventTooNewError"],
  ] as const;

  test.each(kinds)(
    "because it %s waits in the dead letters of each of its subscribers, with the reason",
    async (_, make, code) => {
      const before = await stateOf(system);
      const events = [...registry.keys()].filter((name) => subscribedTo(name).length > 0);
      for (const name of events) system.local.bus.putEvents([make(name)]);
      await system.local.idle();
      await system.skip(31_000);
      const expected = subscribers.map(
        ({ deadLetters, takes }) => [deadLetters, events.filter((name) => takes(registry.get(name)!)).length] as const,
      );
      expect(deadLetters(system)).toEqual(Object.fromEntries(expected));
      for (const [queue] of expected) {
        for (const failure of failuresIn(system, queue)) expect(failure).toMatchObject({ code, attempts: 1 });
      }
      expect(await stateOf(system)).toEqual(before);
    },
  );

  test.each(kinds)("because it %s does not keep its neighbours from being consumed", async (_, make) => {
    let first = true;
    // All that comes in the meantime waits for the same batch.
    system.hooks.beforeInvoke = (name) => {
      if (name !== "MarkPaid" || !first) return undefined;
      first = false;
      throw new Error("not now");
    };
    system.local.bus.putEvents([make("payment.captured")]);
    const id = await place(system, "tok_ok");
    expect(await settle(system, id)).toMatchObject({ status: "confirmed", paid: true });
    await system.skip(61_000);
    const expected = subscribedTo("payment.captured").map(({ deadLetters }) => [deadLetters, 1] as const);
    expect(deadLetters(system)).toEqual(Object.fromEntries(expected));
  });
});

test("what was tried in vain tells its reason and how often, and is as if nothing had been once it is redriven", async () => {
  // What is throttled the SDK itself tries again, and lets real seconds pass.
  system.hooks.onDynamoRequest = (operation, request) => {
    const commits = operation === "UpdateItem" && JSON.stringify(request).includes("stock.committed");
    return commits ? { when: "before", name: "TransactionConflictException" } : undefined;
  };
  const id = await place(system, "tok_ok");
  await settle(system, id);
  for (let minute = 0; minute < 6; minute++) await system.skip(61_000);
  expect(deadLetters(system)).toEqual({ CommitReservationDeadLetters: 1 });
  expect(failuresIn(system, "CommitReservationDeadLetters")).toMatchObject([{ code: "UnavailableError", attempts: 5 }]);
  delete system.hooks.onDynamoRequest;
  const { staff } = system.shop;
  const redriven = await staff.ops.deadLetters.redrive({ subscriber: "CommitReservation", filter: { orderId: id } });
  expect(redriven).toMatchObject({ matched: 1, redriven: 1, refused: [] });
  await system.local.idle();
  await expectOnce(id);
});

describe("the relay", () => {
  test("passes over an outbox that can't be read, tells where it is, and goes on", async () => {
    const TableName = system.local.topology.tables.OrderTable!.name;
    const Item = { pk: { S: "poison" }, sk: { S: "poison" }, outbox: { S: "{" } };
    await dynamoOf(system.local).send(new PutItemCommand({ TableName, Item }));
    const id = await place(system, "tok_ok");
    expect(await settle(system, id)).toMatchObject({ status: "confirmed", paid: true });
    expect(failuresIn(system, "OrderRelayDeadLetters")).toMatchObject([{ code: "UnreadableOutboxError" }]);
    await dynamoOf(system.local).send(new DeleteItemCommand({ TableName, Key: { pk: Item.pk, sk: Item.sk } }));
  });

  test("publishes an aggregate's events in their order, whatever entries fail", async () => {
    const taken: { subject: string; sequence: number }[] = [];
    let entries = 0;
    system.hooks.onPutEvents = ({ Detail }) => {
      if (entries++ % 2 === 0) return "InternalFailure";
      taken.push(JSON.parse(Detail!));
      return undefined;
    };
    const ids = await Promise.all(["tok_ok", "tok_declined", "tok_ok"].map((token) => place(system, token)));
    for (const id of ids) await settle(system, id);
    for (const id of ids) {
      const sequences = taken.filter(({ subject }) => subject === id).map(({ sequence }) => sequence);
      const inOrderOfArrival = [...new Set(sequences)];
      expect(inOrderOfArrival.length).toBeGreaterThan(1);
      expect(inOrderOfArrival).toEqual(inOrderOfArrival.toSorted((one, other) => one - other));
    }
    system.mend();
    await waitForRetries();
    await expectNothingLost(system);
  });

  test("keeps what the bus does not take for hours where a person finds it, and it goes on when they redrive it", async () => {
    let refusals = 0;
    system.hooks.onPutEvents = () => {
      refusals++;
      return "InternalFailure";
    };
    const id = await place(system, "tok_ok");
    await vi.waitUntil(() => refusals > 0);
    system.clock.skip(5.5 * 60 * 60 * 1000);
    await vi.waitUntil(() => deadLetters(system).OrderRelayDeadLetters === 1, { timeout: 20_000 });
    expect(failuresIn(system, "OrderRelayDeadLetters")).toMatchObject([{ code: "InternalFailure" }]);
    delete system.hooks.onPutEvents;
    await system.skip(1000);
    const answer = await system.shop.staff.ops.deadLetters.redrive({ subscriber: "OrderRelay", all: true });
    expect(answer).toMatchObject({ redriven: 1, refused: [] });
    // Long past its deadline, it is cancelled; above all, it is settled.
    expect((await settle(system, id)).status).not.toBe("pending");
    expect(deadLetters(system)).toEqual({});
    await expectNothingLost(system);
  });
});

// Last, so that what all the faults above have left behind is delivered again too.
test("everything there ever was, delivered twice and in reverse, leaves the state as it was", async () => {
  await playStory();
  for (const token of ["tok_declined", "tok_capture_refused"]) await settle(system, await place(system, token));
  for (let minute = 0; minute < 3; minute++) await system.skip(61_000);
  const before = await stateOf(system);
  const events = archived(system).filter(({ detail }) => detail.subject !== madeUp);
  const machines = new SFNClient(clientOf(system.local));
  for (const event of [...events.toReversed(), ...events.toReversed()]) {
    const body = JSON.stringify(event);
    for (const { kind, targetArn } of subscribedTo(event["detail-type"])) {
      if (kind === "function") system.local.queues.send(targetArn, { body, delaySeconds: 0 });
      else await machines.send(new StartExecutionCommand({ stateMachineArn: targetArn, input: body }));
    }
  }
  await system.local.idle();
  for (let minute = 0; minute < 3; minute++) await system.skip(61_000);
  expect(await stateOf(system)).toEqual(before);
  expect(deadLetters(system)).toEqual({});
  expectAllowedEdges(system);
}, 120_000);
