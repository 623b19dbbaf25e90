/** Each alarm of the stacks goes off by a fault that it is about, and none while nothing is wrong. */
import dns from "node:dns";
import { BatchGetItemCommand, DynamoDBClient, TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";
import { newId, OrderPlaced } from "@cartwright/events";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { readTopology } from "./cli/process.ts";
import { paymentIdOf, play, scenarios } from "./shop/scenario.ts";
import { orderFor } from "./shop/seed.ts";
import {
  alter,
  closeAccount,
  deadLetters,
  type Item,
  itemOf,
  leaveLetter,
  place,
  settle,
  tellByWebhook,
} from "./test/checkout.ts";
import { clientOf } from "./test/endpoint.ts";
import { type System, startSystem } from "./test/system.ts";

const topology = readTopology();
const { alarms, compositeAlarms } = topology;

// Some of these take a minute on a machine that does much else.
vi.setConfig({ testTimeout: 180_000 });

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

/** What has gone off, as far as anybody has looked once a minute. */
const heard = new Set<string>();

function look(): void {
  for (const { name, state } of system.local.alarms()) if (state === "ALARM") heard.add(name);
}

const minuteMs = 60_000;

/** Always to the same second of a minute, so that what is done after each skip lies in minutes that follow each other. */
function toNextMinute(): number {
  const nowMs = system.local.now();
  return minuteMs + 5_000 - (nowMs % minuteMs) + (nowMs % minuteMs < 5_000 ? -minuteMs : 0);
}

async function pass(minutes: number, meanwhile: () => unknown = () => {}): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    await meanwhile();
    await system.skip(toNextMinute());
    look();
  }
}

/** As `pass`, while something never comes to rest. */
async function passRestless(isDone: () => boolean): Promise<void> {
  system.clock.skip(toNextMinute());
  await vi.waitUntil(() => !system.clock.isBehind() && isDone(), { timeout: 60_000 });
  look();
}

/** Until all of these have gone off, but not for ever: then the test says which of them are silent. */
async function untilHeard(names: readonly string[], steps: number, step: () => Promise<void>): Promise<void> {
  for (let done = 0; done < steps && !names.every((name) => heard.has(name)); done++) await step();
}

const named = (...ends: string[]) => Object.keys(alarms).filter((name) => ends.some((end) => name.endsWith(end)));
const tables = ["UserTable", "InventoryTable", "OrderTable", "PaymentTable"];
const tableName = (name: string) => topology.tables[name]!.name;
const customer = () => system.shop.customer;
const staff = () => system.shop.staff;

async function placeMany(count: number, token: string): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => place(system, token)));
}

const refundCent = (orderId: string) =>
  staff().payments.refund(paymentIdOf(orderId), { amount: { amount: 1, currency: "EUR" }, reason: "a scratch" });

let paidBefore: string | undefined;

/** An order that all has gone well with. */
async function paid(): Promise<string> {
  paidBefore ??= await place(system, "tok_ok");
  await settle(system, paidBefore);
  return paidBefore;
}

/** A request that fails without being tried again by the SDK, which lets real seconds pass. */
const refused = { when: "before", name: "TransactionConflictException" } as const;

/** Fails what functions ask of a table. */
function fail(table: string, which: (operation: string, request: string, functionName: string) => boolean): void {
  system.hooks.onDynamoRequest = (operation, asked, caller) => {
    const request = JSON.stringify(asked);
    const isMeant = caller && request.includes(tableName(table)) && which(operation, request, caller.functionName);
    return isMeant ? refused : undefined;
  };
}

/** As `alter`, and mends it when the test is over. */
async function meddle(table: string, item: Item, attribute: string, value: Item[string]): Promise<void> {
  await alter(system, table, item, { [attribute]: value! });
  onTestFinished(() => alter(system, table, item, { [attribute]: item[attribute]! }));
}

const chargeOf = (orderId: string) => itemOf(system, "SandboxTable", (item) => item.orderId?.S === orderId);

let letDie = () => {};

/** Holds the next call of a function until the test is over, and then it dies. */
function hold(functionName: string): { reached: Promise<void> } {
  let arrive = () => {};
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const held = new Promise<"kill">((resolve) => {
    letDie = () => resolve("kill");
  });
  let first = true;
  system.hooks.beforeInvoke = (invoked) => {
    if (invoked !== functionName || !first) return undefined;
    first = false;
    arrive();
    return held;
  };
  return { reached };
}

interface Fault {
  what: string;
  trips: string[];
  make(): Promise<unknown>;
}

const providersBooksAway: Fault = {
  what: "the sandbox neither answers nor says what it has done",
  trips: ["SandboxBreakerOpen", "SandboxOutcomeUnknown", "OldestPendingOrder"],
  async make() {
    fail("SandboxTable", (operation) => operation !== "PutItem");
    await placeMany(6, "tok_timeout");
    await pass(2);
    await untilHeard(this.trips, 5, async () => {
      await system.skip(4 * minuteMs);
      await pass(1);
    });
  },
};

const stripeAway: Fault = {
  what: "Stripe can't be reached, and nobody can say whether a request was",
  trips: ["StripeBreakerOpen", "StripeOutcomeUnknown"],
  async make() {
    const id = await paid();
    await meddle("PaymentTable", await itemOf(system, "PaymentTable", isPaymentOf(id)), "provider", { S: "stripe" });
    breakNamesOf("stripe.com");
    // The last of them may be refused because so many have failed by then.
    await Promise.allSettled(Array.from({ length: 10 }, () => refundCent(id)));
    await untilHeard(this.trips, 3, () => pass(1));
  },
};

const isPaymentOf = (id: string) => (item: Item) => item.pk?.S === id && item.sk?.S === "payment";

/** No request gets out, and nothing says that none has. */
function breakNamesOf(domain: string): void {
  const { lookup } = dns;
  const broken = vi.spyOn(dns, "lookup").mockImplementation(((host: string, ...rest: unknown[]) => {
    if (!host.endsWith(domain)) return Reflect.apply(lookup, dns, [host, ...rest]);
    const answer = rest.at(-1) as (error: Error) => void;
    answer(Object.assign(new Error(`getaddrinfo EAI_FAIL ${host}`), { code: "EAI_FAIL" }));
  }) as typeof lookup);
  onTestFinished(() => broken.mockRestore());
}

/** Of which series there are alarms on what a relay has to tell. */
const lags = named("RelayLag").map((name) => alarms[name]!.dimensions);

const busAway: Fault = {
  what: "the bus takes nothing",
  trips: named("RelayLag", "RelayIteratorAge"),
  async make() {
    const id = await paid();
    system.hooks.onPutEvents = () => "InternalFailure";
    await refundCent(id);
    await staff().products.adjustStock("MUG-BLUE", { delta: 1, reason: "found" });
    await staff().orders.cancel(await place(system, "tok_ok"));
    await system.newCustomer();
    // As long as it takes until minutes in a row were slow, and then until all of it is old.
    await untilHeard(named("RelayLag"), 5, anotherTry);
    system.clock.skip(2 * minuteMs);
    await untilHeard(this.trips, 3, anotherTry);
  },
};

/** Lets a minute pass in which each relay tries in vain. */
async function anotherTry(): Promise<void> {
  const triesOf = ({ domain }: Record<string, string>) =>
    system.local.metrics.total("RelayLag", { domain: domain! }).count;
  const before = lags.map(triesOf);
  await passRestless(() => lags.map(triesOf).every((tries, index) => tries > before[index]!));
}

const reservingAway: Fault = {
  what: "nothing can be reserved, so that orders are cancelled for our own fault",
  trips: [...Object.keys(alarms).filter((name) => name.startsWith("OrderFault")), ...Object.keys(compositeAlarms)],
  async make() {
    fail("InventoryTable", (_operation, _request, functionName) => functionName === "ReserveStock");
    const ids = await placeMany(4, "tok_ok");
    for (const id of ids) expect(await settle(system, id)).toMatchObject({ reason: "temporarily_unavailable" });
    await pass(1);
  },
};

const throttled: Fault = {
  what: "DynamoDB takes no more",
  trips: named("ReadThrottles", "WriteThrottles"),
  async make() {
    const throttle = { when: "before", name: "ProvisionedThroughputExceededException" } as const;
    system.hooks.onDynamoRequest = (_operation, _request, caller) => (caller ? undefined : throttle);
    const impatient = new DynamoDBClient({ ...clientOf(system.local), maxAttempts: 1 });
    const Key = { pk: { S: "hot" }, sk: { S: "hot" } };
    const read = new BatchGetItemCommand({
      RequestItems: Object.fromEntries(tables.map((name) => [tableName(name), { Keys: [Key] }])),
    });
    const write = new TransactWriteItemsCommand({
      TransactItems: tables.map((name) => ({ Put: { TableName: tableName(name), Item: Key } })),
    });
    await pass(1);
    await pass(3, async () => {
      const requests = Array.from({ length: 101 }, () => [impatient.send(read), impatient.send(write)]).flat();
      const answers = await Promise.allSettled<unknown>(requests);
      expect(answers.every(({ status }) => status === "rejected")).toBe(true);
    });
  },
};

/** Of a version that nobody here knows. */
function tooNew() {
  const { name, source } = OrderPlaced;
  const time = new Date(system.local.now()).toISOString();
  const envelope = { ...{ id: newId("evt"), name, version: 99, time, source }, subject: "made-up", sequence: 1 };
  const Detail = JSON.stringify({ ...envelope, correlationId: "c", data: {} });
  return { EventBusName: topology.buses.Bus!.name, Source: source, DetailType: name, Detail };
}

const faults: Fault[] = [
  {
    what: "letters wait for a person",
    trips: named("Letters"),
    async make() {
      const queues = Object.keys(topology.queues).filter((name) => name.endsWith("DeadLetters"));
      for (const queue of queues) leaveLetter(system, queue.replace("DeadLetters", ""), "{}");
      await pass(1);
    },
  },
  providersBooksAway,
  stripeAway,
  reservingAway,
  busAway,
  {
    what: "the provider has captured what is not confirmed",
    trips: ["CapturedUnconfirmed"],
    async make() {
      const id = await place(system, "tok_requires_action");
      await system.local.idle();
      const charge = await chargeOf(id);
      await alter(system, "SandboxTable", charge, { capturedMinor: charge.amountMinor!, status: { S: "captured" } });
      tellByWebhook(system, id);
      await pass(1);
    },
  },
  {
    what: "the provider has captured less than we have",
    trips: ["LedgerMismatch"],
    async make() {
      const id = await paid();
      await meddle("SandboxTable", await chargeOf(id), "capturedMinor", { N: "1" });
      tellByWebhook(system, id);
      await pass(1);
    },
  },
  {
    what: "somebody has written into the stock",
    trips: ["NegativeStock"],
    async make() {
      const isShard = (item: Item) => item.__edb_e__?.S === "shard" && item.sku?.S === "TRAY-OAK";
      await meddle("InventoryTable", await itemOf(system, "InventoryTable", isShard), "available", { N: "-1" });
      await staff().products.stock("TRAY-OAK");
      await pass(1);
    },
  },
  {
    what: "an order comes that no checkout can read",
    trips: ["CheckoutFailed"],
    async make() {
      system.local.bus.putEvents([tooNew()]);
      await pass(1);
    },
  },
  {
    what: "a checkout hangs",
    trips: ["CheckoutTimedOut"],
    async make() {
      const { reached } = hold("ReserveStock");
      await place(system, "tok_ok");
      await reached;
      system.clock.skip(4 * minuteMs + 1_000);
      await pass(1);
    },
  },
  {
    what: "more run than may",
    trips: ["FunctionThrottles"],
    async make() {
      await pass(1);
      const { reached } = hold("ReconcilePaymentsHandler");
      const reconcile = () => system.local.functions.invoke("ReconcilePaymentsHandler", {});
      void reconcile();
      await reached;
      for (let minute = 0; minute < 5; minute++) {
        await expect(reconcile()).rejects.toThrow("Rate Exceeded");
        // Whoever waits until nothing runs any more would wait for the one that is held.
        await passRestless(() => true);
      }
    },
  },
  throttled,
  {
    what: "the API can't read its orders",
    trips: ["ApiServerErrors"],
    async make() {
      fail("OrderTable", (_operation, _request, functionName) => functionName === "OrderRouter");
      const list = () => expect(customer().orders.list()).rejects.toMatchObject({ status: 503 });
      for (let time = 0; time < 6; time++) await list();
      await pass(1);
    },
  },
];

describe("while nothing is wrong", () => {
  test("no alarm goes off: orders of every kind, an account that is closed, and all that comes by the clock", async () => {
    const { local, shop } = system;
    const quietSince = new Map(local.alarms().map(({ name, sinceMs }) => [name, sinceMs]));
    for (const scenario of scenarios) expect((await play(scenario, local, shop)).faults).toEqual([]);
    await awaitDelivery();
    await closeAccount(system);
    // Nobody answers their bank.
    await place(system, "tok_requires_action");
    for (const name of Object.keys(topology.schedules)) await local.schedules.trigger(name);
    // An order is not looked at less often than it would be.
    for (const minutes of [5, 5, 5, 5, 10, 10]) await system.skip(minutes * minuteMs);
    expect(deadLetters(system)).toEqual({});
    const loud = local
      .alarms()
      .filter(({ name, state, sinceMs }) => state !== "OK" || sinceMs !== quietSince.get(name));
    expect(loud.map(({ name, state, reason }) => ({ name, state, reason }))).toEqual([]);
  });

  /** Somebody orders more than there is, and it comes. */
  async function awaitDelivery(): Promise<void> {
    const sku = "KETTLE-COPPER";
    const { products } = staff();
    await products.create({ sku, title: "Copper kettle", prices: [{ amount: 9900, currency: "EUR" }] });
    await products.configureStock(sku, 0, { backorderLimit: 5, lowStockAt: 1 });
    await system.local.idle();
    const { id } = await customer().orders.place(orderFor([{ sku, quantity: 3 }], "tok_ok"));
    await settle(system, id);
    await products.adjustStock(sku, { delta: 5, reason: "delivery" });
  }
});

/** What a dashboard shows of our own metrics, by name and dimensions: those whose values are given, and the others. */
function shownOn(body: unknown): { metric: string; dimensions: string[] }[] {
  const { widgets } = body as { widgets: { properties: { metrics?: unknown[][] } }[] };
  return widgets.flatMap(({ properties }) => (properties.metrics ?? []).flatMap(shownBy));
}

function shownBy(series: unknown[]): { metric: string; dimensions: string[] }[] {
  const [namespace, metric, ...rest] = series;
  if (namespace === "Cartwright") {
    const texts = rest.filter((part) => typeof part === "string");
    return [{ metric: String(metric), dimensions: texts.filter((_, index) => index % 2 === 0) }];
  }
  const { expression = "" } = (typeof namespace === "object" ? namespace : {}) as { expression?: string };
  const searches = expression.matchAll(/\{Cartwright,([^}]+)\} MetricName="(\w+)"/g);
  return [...searches].map(([, dimensions, name]) => ({ metric: name!, dimensions: dimensions!.split(",") }));
}

describe("an alarm goes off when", () => {
  beforeEach(() => heard.clear());
  afterEach(async () => {
    system.mend();
    letDie();
    // Whoever has failed tries again some seconds later; functions have ten of them.
    system.clock.skip(9_000);
    await system.local.idle();
    for (const name of Object.keys(deadLetters(system))) system.local.queues.purge(topology.queues[name]!.arn);
  });

  test.each(faults)("$what", async (fault) => {
    await fault.make();
    const silent = fault.trips.filter((name) => !heard.has(name));
    expect(silent).toEqual([]);
  });

  test("one of these faults happens, whichever alarm it is", () => {
    const covered = new Set(faults.flatMap(({ trips }) => trips));
    const all = [...Object.keys(alarms), ...Object.keys(compositeAlarms)];
    expect(all.filter((name) => !covered.has(name))).toEqual([]);
    expect([...covered].filter((name) => !all.includes(name))).toEqual([]);
  });
});

test("once all of it is mended, every alarm that has told somebody is over", async () => {
  for (let step = 0; step < 4; step++) await system.skip(10 * minuteMs);
  const told = system.local.alarms().filter(({ alarm }) => alarm.actions.length > 0);
  expect(told.filter(({ state }) => state !== "OK").map(({ name, reason }) => ({ name, reason }))).toEqual([]);
});

test("whatever the dashboard shows of our own metrics has been written", () => {
  const shown = Object.values(topology.dashboards).flatMap(({ body }) => shownOn(body));
  expect(shown.length).toBeGreaterThan(10);
  const keyOf = (metric: string, dimensions: string[]) => `${metric} by ${dimensions.toSorted().join(", ")}`;
  const written = system.local.metrics.names().filter(({ namespace }) => namespace === "Cartwright");
  const known = new Set(written.map(({ metric, dimensions }) => keyOf(metric, Object.keys(dimensions))));
  const unknown = shown.map(({ metric, dimensions }) => keyOf(metric, dimensions)).filter((key) => !known.has(key));
  expect(unknown).toEqual([]);
});
