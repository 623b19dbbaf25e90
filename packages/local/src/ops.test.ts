/** Dead letters and replays as operators meet them: through the API, on the whole system. */
import { SQSClient, StartMessageMoveTaskCommand } from "@aws-sdk/client-sqs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { BusEvent } from "./bus/bus.ts";
import { readTopology } from "./cli/process.ts";
import { play, scenarios } from "./shop/scenario.ts";
import {
  archived as archivedIn,
  askOperatorInVain,
  closeAccount,
  deadLetters,
  deadLettersOf,
  leaveLetter,
  place,
  placeInVain,
  returnAll,
  settle,
  stateOf,
} from "./test/checkout.ts";
import { clientOf } from "./test/endpoint.ts";
import { type System, startSystem } from "./test/system.ts";

interface Link {
  url: string;
  redrivesTo: string;
  replayable: boolean;
  events: string[];
}

const topology = readTopology();
const links = topology.links.DeadLetters!.queues as Record<string, Link>;
/** A new subscriber is in the loops below without anybody's doing. */
const replayable = Object.keys(links).filter((name) => links[name]!.replayable);

let system: System;
/** An order that all went well with, and one that had to be undone. */
let confirmed: string;
let cancelled: string;

beforeAll(async () => {
  system = await startSystem();
  const approved = scenarios.find((scenario) => scenario.approved)!;
  confirmed = (await play(approved, system.local, system.shop)).order.id;
  cancelled = await place(system, "tok_declined");
  await settle(system, cancelled);
  await settle(system, await placeInVain(system));
  const returned = await place(system, "tok_ok");
  await settle(system, returned);
  await returnAll(system, returned);
  askOperatorInVain(system);
  await closeAccount(system);
  const { staff } = system.shop;
  const teapot = await staff.products.get("TEAPOT-08");
  await staff.products.update("TEAPOT-08", teapot.version, { title: "Teapot" });
  // Until nobody looks any more whether whoever has closed their account has ordered something since.
  for (let look = 0; look < 4; look++) await system.skip(361_000);
  expect(deadLetters(system)).toEqual({});
});
afterAll(() => system.stop());
afterEach(() => {
  system.mend();
  for (const name of Object.keys(links)) system.local.queues.purge(queueOf(name));
});

const ops = () => system.shop.staff.ops;
const queueOf = (subscriber: string) => deadLettersOf(system.local, subscriber);
const archived = () => archivedIn(system);

function eventOf(orderId: string, name: string): BusEvent {
  const about = ({ detail }: BusEvent) => (detail.data as { orderId?: string }).orderId;
  return archived().find((event) => event["detail-type"] === name && about(event) === orderId)!;
}

function leave(subscriber: string, message: object | string, code = "SDK_CLIENT_ERROR"): string {
  const body = typeof message === "string" ? message : JSON.stringify(message);
  return leaveLetter(system, subscriber, body, { code, message: "no", attempts: 11 });
}

const bodiesIn = (subscriber: string) => system.local.queues.peek(queueOf(subscriber), 2000).map(({ body }) => body);

/** Makes every write that commits a reservation fail. */
function breakCommits(): void {
  system.hooks.onDynamoRequest = (operation, request) => {
    const isCommit = operation === "UpdateItem" && JSON.stringify(request).includes("stock.committed");
    return isCommit ? { when: "before", name: "TransactionConflictException" } : undefined;
  };
}

const reservedBy = async (orderId: string) =>
  (await system.shop.customer.orders.timeline(orderId)).items.filter(({ event }) => event === "stock.committed").length;

describe("the list of dead letters", () => {
  test("names every queue of the stacks, empty or not, and where its letters go", async () => {
    const { items } = await ops().deadLetters.list();
    const queues = Object.keys(topology.queues).filter((name) => name.endsWith("DeadLetters"));
    expect(items.map(({ subscriber }) => `${subscriber}DeadLetters`).sort()).toEqual(queues.sort());
    const { redrivesTo, events } = items.find(({ subscriber }) => subscriber === "CommitReservation")!;
    expect({ redrivesTo, events }).toEqual({ redrivesTo: "queue", events: ["order.confirmed"] });
    expect(items.every(({ letters }) => letters === 0)).toBe(true);
  });

  test("counts what is there", async () => {
    for (let letter = 0; letter < 3; letter++) leave("MarkPaid", eventOf(confirmed, "payment.captured"));
    const { items } = await ops().deadLetters.list();
    expect(items.filter(({ letters }) => letters > 0)).toMatchObject([{ subscriber: "MarkPaid", letters: 3 }]);
  });
});

describe("a subscriber that fails again and again", () => {
  test("leaves letters that tell event, reason, attempts and times; redriven, each has its effect once", async () => {
    breakCommits();
    const ids = [await place(system, "tok_ok"), await place(system, "tok_ok")];
    for (const id of ids) await settle(system, id);
    for (let minute = 0; minute < 6; minute++) await system.skip(61_000);
    const { items, examined, more } = await ops().deadLetters.of("CommitReservation");
    expect({ examined, more }).toEqual({ examined: 2, more: false });
    expect(items.map(({ event }) => event?.orderId).sort()).toEqual([...ids].sort());
    for (const { event, failure, subscriber } of items) {
      expect(subscriber).toBe("CommitReservation");
      expect(event).toMatchObject({ name: "order.confirmed", version: 1 });
      expect(failure).toMatchObject({ code: "UnavailableError", attempts: 5 });
      expect(failure.message).toContain("TransactionConflictException");
      expect(Date.parse(failure.lastAt!)).toBeGreaterThan(Date.parse(failure.firstAt!));
    }
    expect((await ops().deadLetters.of("CommitReservation")).items).toEqual(items);

    delete system.hooks.onDynamoRequest;
    const filter = { orderId: ids[0]! };
    expect(await ops().deadLetters.redrive({ subscriber: "CommitReservation", filter })).toMatchObject({
      ...{ dryRun: false, examined: 2, matched: 1, redriven: 1, refused: [], more: false },
    });
    await system.local.idle();
    expect([await reservedBy(ids[0]!), await reservedBy(ids[1]!)]).toEqual([1, 0]);
    expect(await ops().deadLetters.redrive({ subscriber: "CommitReservation", all: true })).toMatchObject({
      ...{ matched: 1, redriven: 1, more: false },
    });
    await system.local.idle();
    expect([await reservedBy(ids[0]!), await reservedBy(ids[1]!)]).toEqual([1, 1]);
    expect(deadLetters(system)).toEqual({});
  });

  test("and could not say why, because it died, is told to have reported nothing", async () => {
    system.hooks.beforeInvoke = (name) => {
      if (name === "MarkPaid") throw new Error("out of memory");
    };
    const body = JSON.stringify(eventOf(confirmed, "payment.captured"));
    system.local.queues.send(topology.queues.MarkPaidQueue!.arn, { body });
    for (let minute = 0; minute < 7; minute++) await system.skip(61_000);
    const { items } = await ops().deadLetters.of("MarkPaid");
    expect(items).toMatchObject([{ event: { orderId: confirmed }, failure: { code: "Unreported" } }]);
    expect(items[0]!.failure.message).toContain(items[0]!.id);
  });

  test("is told of by its last failure, not by one before it was redriven", async () => {
    leave("MarkPaid", eventOf(confirmed, "payment.captured"), "EarlierError");
    system.hooks.beforeInvoke = (name) => {
      if (name === "MarkPaid") throw new Error("out of memory");
    };
    await ops().deadLetters.redrive({ subscriber: "MarkPaid", all: true });
    for (let minute = 0; minute < 7; minute++) await system.skip(61_000);
    const { items } = await ops().deadLetters.of("MarkPaid");
    expect(items).toMatchObject([{ failure: { code: "Unreported" } }]);
  });
});

describe("letters", () => {
  const subscriber = "RecordTimeline";

  function leaveAll(): { event: BusEvent; id: string }[] {
    return archived()
      .filter((event) => links[subscriber]!.events.includes(event["detail-type"]))
      .map((event) => ({ event, id: leave(subscriber, event) }));
  }

  /** Each filter, and which of the letters it is for. */
  const filters: [string, () => Record<string, string>, (event: BusEvent) => boolean][] = [
    ["order", () => ({ orderId: confirmed }), ({ detail }) => JSON.stringify(detail).includes(confirmed)],
    [
      "correlation",
      () => ({ correlationId: String(eventOf(cancelled, "order.placed").detail.correlationId) }),
      ({ detail }) => detail.correlationId === eventOf(cancelled, "order.placed").detail.correlationId,
    ],
    ["event", () => ({ event: "order.placed" }), (event) => event["detail-type"] === "order.placed"],
    [
      "time",
      () => ({
        after: String(eventOf(confirmed, "order.placed").detail.time),
        before: String(eventOf(confirmed, "order.confirmed").detail.time),
      }),
      ({ detail: { time } }) =>
        String(time) >= String(eventOf(confirmed, "order.placed").detail.time) &&
        String(time) < String(eventOf(confirmed, "order.confirmed").detail.time),
    ],
    [
      "order and event",
      () => ({ orderId: cancelled, event: "order.cancelled" }),
      ({ detail }) => detail.name === "order.cancelled" && detail.subject === cancelled,
    ],
  ];

  test.each(filters)("are listed and redriven by %s", async (_, filterOf, isMeant) => {
    const left = leaveAll();
    const meant = left.filter(({ event }) => isMeant(event)).map(({ id }) => id);
    expect(meant.length).toBeGreaterThan(0);
    expect(meant.length).toBeLessThan(left.length);
    const filter = filterOf();
    const { items, examined } = await ops().deadLetters.of(subscriber, filter);
    expect(items.map(({ id }) => id).sort()).toEqual([...meant].sort());
    expect(examined).toBe(left.length);
    const before = bodiesIn(subscriber);
    const counts = { examined: left.length, matched: meant.length, refused: [], more: false };
    const dry = await ops().deadLetters.redrive({ subscriber, filter, dryRun: true });
    const about = { subscriber, redrivesTo: "queue", backWithinSeconds: 300, asOf: expect.any(String), setAside: 0 };
    expect(dry).toEqual({ ...about, dryRun: true, ...counts, redriven: 0 });
    expect(bodiesIn(subscriber)).toEqual(before);
    const wet = await ops().deadLetters.redrive({ subscriber, filter });
    expect(wet).toEqual({ ...about, dryRun: false, ...counts, redriven: meant.length });
    await system.local.idle();
    const rest = left.filter(({ id }) => !meant.includes(id)).map(({ event }) => JSON.stringify(event));
    expect(bodiesIn(subscriber).sort()).toEqual(rest.sort());
  });

  test("are shown whole, and redriven one by one", async () => {
    const event = eventOf(confirmed, "order.placed");
    const [id] = [leave(subscriber, event), leave(subscriber, event)];
    const letter = await ops().deadLetters.show(subscriber, id);
    expect(letter).toMatchObject({ id, failure: { code: "SDK_CLIENT_ERROR", message: "no", attempts: 11 } });
    expect(letter.body).toEqual(event);
    expect(await ops().deadLetters.redrive({ subscriber, id })).toMatchObject({ matched: 1, redriven: 1 });
    await system.local.idle();
    expect(deadLetters(system)).toEqual({ RecordTimelineDeadLetters: 1 });
    await expect(ops().deadLetters.redrive({ subscriber, id })).rejects.toMatchObject({
      ...{ status: 404, code: "dead_letter_not_found" },
    });
    await expect(ops().deadLetters.show(subscriber, id)).rejects.toMatchObject({ status: 404 });
  });

  test("of a queue are counted by a dry run of all, and nothing moves", async () => {
    const left = leaveAll();
    const dry = await ops().deadLetters.redrive({ subscriber, all: true, dryRun: true });
    expect(dry).toMatchObject({ matched: left.length, redriven: 0, more: false });
    expect(deadLetters(system)).toEqual({ RecordTimelineDeadLetters: left.length });
  });

  test("of a queue that SQS moves already are followed by whoever asks for all of them", async () => {
    const { queues } = system.local;
    const sqs = new SQSClient(clientOf(system.local));
    const event = eventOf(confirmed, "payment.captured");
    for (let letter = 0; letter < 3; letter++) leave("MarkPaid", event);
    const slowly = { SourceArn: queueOf("MarkPaid"), MaxNumberOfMessagesPerSecond: 1 };
    const DestinationArn = topology.queues.MarkPaidQueue!.arn;
    await sqs.send(new StartMessageMoveTaskCommand({ ...slowly, DestinationArn }));
    const { redriven, more } = await ops().deadLetters.redrive({ subscriber: "MarkPaid", all: true });
    expect(more).toBe(false);
    expect(redriven).toBeLessThanOrEqual(3);
    expect(queues.counts(queueOf("MarkPaid")).visible).toBe(0);
    await system.local.idle();
    expect(await ops().deadLetters.redrive({ subscriber: "MarkPaid", all: true })).toMatchObject({
      redriven: 0,
      more: false,
    });
  });

  test("asked for by two people at once are each sent once", async () => {
    const left = leaveAll();
    const filter = { after: "2000-01-01T00:00:00Z" };
    const answers = await Promise.all([1, 2].map(() => ops().deadLetters.redrive({ subscriber, filter })));
    expect(answers.reduce((sum, { redriven }) => sum + redriven, 0)).toBe(left.length);
    await system.local.idle();
    expect(deadLetters(system)).toEqual({});
  });

  test("that can't be read are listed without an event, fit no filter, and come back with a reason", async () => {
    const id = leave(subscriber, "{");
    expect((await ops().deadLetters.of(subscriber)).items).toMatchObject([{ id, failure: { attempts: 11 } }]);
    expect((await ops().deadLetters.of(subscriber, { event: "order.placed" })).items).toEqual([]);
    expect((await ops().deadLetters.show(subscriber, id)).body).toBe("{");
    expect(await ops().deadLetters.redrive({ subscriber, id })).toMatchObject({ redriven: 1 });
    await system.local.idle();
    const { items } = await ops().deadLetters.of(subscriber);
    expect(items).toMatchObject([{ failure: { code: "MalformedEventError", attempts: 12 } }]);
    expect(items[0]!.id).not.toBe(id);
  });

  test("that fail again at once are redriven once in a call", async () => {
    const event = eventOf(confirmed, "order.placed");
    leave(subscriber, { ...event, detail: { ...event.detail, version: 99 } });
    const filter = { event: "order.placed" };
    expect(await ops().deadLetters.redrive({ subscriber, filter })).toMatchObject({ examined: 1, redriven: 1 });
    await system.local.idle();
    const { items } = await ops().deadLetters.of(subscriber, filter);
    expect(items).toMatchObject([{ event: { version: 99 }, failure: { code: "EventTooNewError", attempts: 12 } }]);
  });

  test("of the checkout that hold no event are refused, and one that is too new comes back", async () => {
    const [checkout, id] = ["StartCheckout", leave("StartCheckout", "{}")];
    const event = eventOf(confirmed, "order.placed");
    leave(checkout, { ...event, detail: { ...event.detail, version: 99 } });
    const answer = await ops().deadLetters.redrive({ subscriber: checkout, all: true });
    expect(answer).toMatchObject({ redriven: 1, refused: [{ id, reason: expect.stringContaining("holds no event") }] });
    await system.local.idle();
    const { items } = await ops().deadLetters.of(checkout);
    expect(items.map(({ failure }) => failure.code).sort()).toEqual(["EventTooNewError", "SDK_CLIENT_ERROR"]);
    expect((await ops().deadLetters.of(checkout, { event: "order.placed" })).items).toMatchObject([
      { event: { version: 99, orderId: confirmed }, failure: { attempts: 1 } },
    ]);
  });

  test("that have come back are no part of a request that goes on", async () => {
    const event = eventOf(confirmed, "order.placed");
    leave(subscriber, { ...event, detail: { ...event.detail, version: 99 } });
    const request = { subscriber, filter: { event: "order.placed" } };
    const { asOf } = await ops().deadLetters.redrive(request);
    await system.local.idle();
    const goesOn = await ops().deadLetters.redrive({ ...request, sentBefore: asOf });
    expect(goesOn).toMatchObject({ examined: 0, redriven: 0, more: false, asOf });
    expect(await ops().deadLetters.redrive(request)).toMatchObject({ examined: 1, redriven: 1 });
  });

  test("show no more than the limit, and say that there are more", async () => {
    const left = leaveAll();
    const { items, more } = await ops().deadLetters.of(subscriber, { limit: 2 });
    expect({ count: items.length, more }).toEqual({ count: 2, more: true });
    expect(deadLetters(system)).toEqual({ RecordTimelineDeadLetters: left.length });
  });

  test("too many for one call are hidden while the next call looks at the others, and none is lost", async () => {
    const event = eventOf(confirmed, "order.placed");
    for (let letter = 0; letter < 1040; letter++) leave(subscriber, event);
    const id = leave(subscriber, eventOf(cancelled, "order.cancelled"));
    const filter = { orderId: cancelled };
    const first = await ops().deadLetters.redrive({ subscriber, filter });
    expect(first).toMatchObject({ examined: 1000, matched: 0, more: true });
    const goesOn = { sentBefore: first.asOf, setAside: first.setAside };
    const second = await ops().deadLetters.redrive({ subscriber, filter, ...goesOn });
    expect(second).toMatchObject({ examined: 41, matched: 1, redriven: 1, more: false, setAside: 1000 });
    await system.skip(61_000);
    expect(deadLetters(system)).toEqual({ RecordTimelineDeadLetters: 1040 });
    // As long as some are hidden nobody can say that it is not among them.
    for (const examined of [1000, 40]) {
      await expect(ops().deadLetters.show(subscriber, id)).rejects.toMatchObject({
        ...{ status: 503, code: "dead_letter_not_reached", message: expect.stringContaining(`${examined} letters`) },
      });
    }
  });

  test("that somebody looks at are not passed by in silence: there is more, until they can be read again", async () => {
    const left = Array.from({ length: 12 }, () => leave(subscriber, eventOf(confirmed, "order.placed")));
    const held = system.local.queues.receive(deadLettersOf(system.local, subscriber), { maximum: 5 });
    const filter = { orderId: confirmed };
    const first = await ops().deadLetters.redrive({ subscriber, filter });
    expect(first).toMatchObject({ redriven: left.length - held.length, more: true });
    expect(await ops().deadLetters.of(subscriber)).toMatchObject({ items: [], more: true });
    await system.skip(61_000);
    const goesOn = { sentBefore: first.asOf, setAside: first.setAside };
    const second = await ops().deadLetters.redrive({ subscriber, filter, ...goesOn });
    expect(second).toMatchObject({ redriven: held.length, more: false });
  });

  test("that somebody looks at while SQS moves all others are moved by the request that goes on", async () => {
    for (let letter = 0; letter < 12; letter++) leave(subscriber, eventOf(confirmed, "order.placed"));
    const poison = { ...eventOf(confirmed, "order.placed") };
    leave(subscriber, { ...poison, detail: { ...poison.detail, version: 99 } });
    system.local.queues.receive(deadLettersOf(system.local, subscriber), { maximum: 5 });
    const first = await ops().deadLetters.redrive({ subscriber, all: true });
    expect(first).toMatchObject({ redriven: 8, more: true });
    // What has failed again is not part of it, though another move would take it along.
    await system.skip(61_000);
    const goesOn = { sentBefore: first.asOf, setAside: first.setAside };
    const second = await ops().deadLetters.redrive({ subscriber, all: true, ...goesOn });
    expect(second).toMatchObject({ redriven: 5, more: false });
    await system.local.idle();
    expect(deadLetters(system)).toEqual({ RecordTimelineDeadLetters: 1 });
  });

  test("are redriven once more when the answer was lost, without harm", async () => {
    const id = leave("MarkPaid", eventOf(confirmed, "payment.captured"));
    const before = await stateOf(system);
    let kills = 0;
    system.hooks.afterInvoke = (name) => (name === "OpsRouter" && kills++ === 0 ? "kill" : undefined);
    await expect(ops().deadLetters.redrive({ subscriber: "MarkPaid", id })).rejects.toThrow();
    await expect(ops().deadLetters.redrive({ subscriber: "MarkPaid", id })).rejects.toMatchObject({ status: 404 });
    await system.local.idle();
    expect(await stateOf(system)).toEqual(before);
    expect(deadLetters(system)).toEqual({});
  });
});

describe("when the effect has happened already, a redrive to", () => {
  test.each(replayable)("%s changes nothing", async (subscriber) => {
    const before = await stateOf(system);
    const events = archived().filter((event) => links[subscriber]!.events.includes(event["detail-type"]));
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) leave(subscriber, event);
    const some = { subscriber, filter: { event: events[0]!["detail-type"] } };
    expect((await ops().deadLetters.redrive(some)).redriven).toBeGreaterThan(0);
    await ops().deadLetters.redrive({ subscriber, all: true });
    for (let minute = 0; minute < 3; minute++) await system.skip(61_000);
    expect(deadLetters(system)).toEqual({});
    expect(await stateOf(system)).toEqual(before);
  });
});

describe("the letters of a relay", () => {
  test.each(["OrderRelay", "PaymentRelay", "InventoryRelay", "UserRelay"])("%s are published", async (subscriber) => {
    const events = archived().filter((event) => links[subscriber]!.events.includes(event["detail-type"]));
    const before = await stateOf(system);
    const published: string[] = [];
    system.hooks.onPutEvents = ({ Detail }) => {
      published.push(Detail!);
      return undefined;
    };
    for (const { detail } of events) leave(subscriber, { detail });
    const { redriven, refused } = await ops().deadLetters.redrive({ subscriber, all: true });
    expect({ redriven, refused }).toEqual({ redriven: events.length, refused: [] });
    for (let minute = 0; minute < 3; minute++) await system.skip(61_000);
    const sorted = (details: unknown[]) => details.map((detail) => (detail as { id: string }).id).sort();
    const details = published.map((detail) => JSON.parse(detail));
    expect(sorted(details)).toEqual(sorted(events.map(({ detail }) => detail)));
    expect(deadLetters(system)).toEqual({});
    expect(await stateOf(system)).toEqual(before);
  });

  test("stay where they are while the bus refuses them, with its reason", async () => {
    const { detail } = eventOf(confirmed, "order.placed");
    const id = leave("OrderRelay", { detail });
    system.hooks.onPutEvents = () => "InternalFailure";
    const answer = await ops().deadLetters.redrive({ subscriber: "OrderRelay", id });
    expect(answer).toMatchObject({ matched: 1, redriven: 0, refused: [{ id }] });
    expect(answer.refused[0]!.reason).toContain("InternalFailure");
    expect(deadLetters(system)).toEqual({ OrderRelayDeadLetters: 1 });
  });

  test("come back when the call dies between sending and deleting, and redriving them again does no harm", async () => {
    const before = await stateOf(system);
    leave("OrderRelay", { detail: eventOf(confirmed, "order.placed").detail });
    let calls = 0;
    // The router runs out of time while the bus takes the event.
    system.hooks.onPutEvents = () => {
      if (calls++ === 0) system.clock.skip(30_000);
      return undefined;
    };
    await expect(ops().deadLetters.redrive({ subscriber: "OrderRelay", all: true })).rejects.toThrow();
    expect(calls).toBe(1);
    await system.skip(61_000);
    expect(deadLetters(system)).toEqual({ OrderRelayDeadLetters: 1 });
    expect(await ops().deadLetters.redrive({ subscriber: "OrderRelay", all: true })).toMatchObject({ redriven: 1 });
    for (let minute = 0; minute < 3; minute++) await system.skip(61_000);
    expect(calls).toBe(2);
    expect(deadLetters(system)).toEqual({});
    expect(await stateOf(system)).toEqual(before);
  });

  test.each([
    ["an outbox that can't be read", { outbox: "{", keys: { pk: { S: "x" } } }, "mend it"],
    ["a place in the stream", { DDBStreamBatchInfo: { shardId: "s", batchSize: 1 } }, "24 hours"],
  ])("that hold %s are refused with what to do instead, in a dry run too", async (_, body, advice) => {
    const id = leave("OrderRelay", body);
    for (const dryRun of [true, false]) {
      const answer = await ops().deadLetters.redrive({ subscriber: "OrderRelay", all: true, dryRun });
      expect(answer).toMatchObject({ matched: 1, redriven: 0, refused: [{ id }] });
      expect(answer.refused[0]!.reason).toContain(advice);
    }
    expect(deadLetters(system)).toEqual({ OrderRelayDeadLetters: 1 });
  });
});

test("a failed run of the schedule tells Lambda's error, and is not redriven", async () => {
  const { hooks, local } = system;
  hooks.beforeInvoke = (name) => {
    if (name.startsWith("ReconcilePayments")) throw new TypeError("the books are closed");
  };
  for (let minutes = 0; minutes < 15; minutes++) await system.skip(61_000);
  expect(local.queues.counts(queueOf("ReconcilePayments")).visible).toBeGreaterThan(0);
  const { items } = await ops().deadLetters.of("ReconcilePayments");
  expect(items[0]!.failure).toMatchObject({ code: "TypeError", message: "the books are closed", attempts: 3 });
  const answer = await ops().deadLetters.redrive({ subscriber: "ReconcilePayments", all: true });
  expect(answer).toMatchObject({ redriven: 0, matched: items.length });
  expect(answer.refused[0]!.reason).toContain("runs again by itself");
});

describe("a replay", () => {
  const from = new Date(0).toISOString();
  const now = () => new Date(system.local.now()).toISOString();

  /** Which functions run until nothing more happens. */
  async function runsOf(act: () => Promise<unknown>): Promise<Set<string>> {
    const invoked = new Set<string>();
    system.hooks.beforeInvoke = (name) => {
      invoked.add(name);
      return undefined;
    };
    await act();
    for (let minute = 0; minute < 2; minute++) await system.skip(61_000);
    delete system.hooks.beforeInvoke;
    return invoked;
  }

  /** The ids of the events that RecordTimeline is given from now on. */
  function watchTimeline(): string[] {
    const seen: string[] = [];
    system.hooks.beforeInvoke = (name, payload) => {
      if (name !== "RecordTimeline") return undefined;
      const { Records } = payload as { Records: { body: string }[] };
      seen.push(...Records.map(({ body }) => JSON.parse(body).detail.id));
      return undefined;
    };
    return seen;
  }

  const saga = Object.keys(topology.machines.Checkout!.definition.States as object);

  test.each(replayable)(
    "of everything to %s leaves the state as it was, and reaches nobody else",
    async (subscriber) => {
      const before = await stateOf(system);
      let id = "";
      const invoked = await runsOf(async () => {
        id = (await ops().replays.start({ subscriber, from, to: now() })).id;
      });
      expect(await ops().replays.get(id)).toMatchObject({ subscriber, from, status: "completed", filter: {} });
      const others = [...invoked].filter(
        (name) => !/^(OpsRouter|UserRouter|Replay|(ReconcilePayments|SweepAccounts|SweepReservations).*)$/.test(name),
      );
      if (subscriber === "StartCheckout") expect(others.filter((name) => !saga.includes(name))).toEqual([]);
      else expect(others).toEqual([subscriber]);
      expect(others.length).toBeGreaterThan(0);
      expect(await stateOf(system)).toEqual(before);
      expect(deadLetters(system)).toEqual({});
    },
  );

  test.each([
    ["one event of an order", () => ({ orderId: confirmed, event: "order.placed" })],
    ["an order", () => ({ orderId: confirmed })],
    ["a correlation", () => ({ correlationId: String(eventOf(cancelled, "order.placed").detail.correlationId) })],
  ])("of %s brings just that", async (_, filterOf) => {
    const filter: { orderId?: string; correlationId?: string; event?: string } = filterOf();
    const wanted = archived()
      .map(({ detail }) => detail as { id: string; name: string; correlationId: string; data: { orderId?: string } })
      .filter(({ name }) => links.RecordTimeline!.events.includes(name))
      .filter(({ name }) => !filter.event || name === filter.event)
      .filter(({ correlationId }) => !filter.correlationId || correlationId === filter.correlationId)
      .filter(({ data }) => !filter.orderId || data.orderId === filter.orderId);
    const seen = watchTimeline();
    await ops().replays.start({ subscriber: "RecordTimeline", from, to: now(), filter });
    await system.local.idle();
    expect(wanted.length).toBeGreaterThan(0);
    expect(seen.sort()).toEqual(wanted.map(({ id }) => id).sort());
  });

  test("goes by the events' time to the millisecond, both ends included", async () => {
    const times = archived()
      .map(({ detail }) => String(detail.time))
      .sort();
    const [first, last] = [times[Math.floor(times.length / 3)]!, times[Math.floor((2 * times.length) / 3)]!];
    const seen = watchTimeline();
    await ops().replays.start({ subscriber: "RecordTimeline", from: first, to: last });
    await system.local.idle();
    const wanted = archived()
      .filter((event) => links.RecordTimeline!.events.includes(event["detail-type"]))
      .filter(({ detail: { time } }) => String(time) >= first && String(time) <= last);
    expect(seen.sort()).toEqual(wanted.map(({ detail }) => String(detail.id)).sort());
  });

  test("up to now is taken from a caller whose clock is a little fast", async () => {
    const to = new Date(system.local.now() + 20_000).toISOString();
    const replay = await ops().replays.start({ subscriber: "MarkPaid", from, to });
    expect(Date.parse(replay.to)).toBeLessThanOrEqual(system.local.now());
    await system.local.idle();
    expect(await ops().replays.get(replay.id)).toMatchObject({ status: "completed", to: replay.to });
  });

  test("asked for twice under one key is one replay, and another body under it is refused", async () => {
    const request = { subscriber: "MarkPaid", from, to: now() };
    const first = await ops().replays.start(request, "once");
    await system.local.idle();
    expect(await ops().replays.start(request, "once")).toEqual(first);
    const other = ops().replays.start({ ...request, subscriber: "WatchCheckout" }, "once");
    await expect(other).rejects.toMatchObject({ status: 422, code: "idempotency_key_reused" });
  });

  test("whose record nobody wrote ends in the letters of Replay, with the reason", async () => {
    const body = JSON.stringify({ ...eventOf(confirmed, "order.placed"), "replay-name": "by-hand" });
    system.local.queues.send(topology.queues.ReplayQueue!.arn, { body });
    await system.local.idle();
    const { items } = await ops().deadLetters.of("Replay");
    expect(items).toMatchObject([
      { event: { name: "order.placed" }, failure: { code: "StrayReplayError", attempts: 1 } },
    ]);
  });

  test("that can't be handed on leaves letters with Replay, which go on to their subscriber when they are redriven", async () => {
    const filter = { orderId: confirmed, event: "order.placed" };
    system.hooks.beforeInvoke = (name) => {
      if (name === "Replay") throw new Error("out of memory");
    };
    await ops().replays.start({ subscriber: "RecordTimeline", from, to: now(), filter });
    for (let minute = 0; minute < 7; minute++) await system.skip(61_000);
    const { items } = await ops().deadLetters.of("Replay", filter);
    // What a relay published twice is in the archive twice.
    const { id } = eventOf(confirmed, "order.placed").detail;
    expect(items.length).toBe(archived().filter(({ detail }) => detail.id === id).length);
    for (const { failure } of items) expect(failure).toMatchObject({ code: "Unreported" });
    const invoked = await runsOf(() => ops().deadLetters.redrive({ subscriber: "Replay", all: true }));
    expect([...invoked]).toEqual(expect.arrayContaining(["Replay", "RecordTimeline"]));
    expect(deadLetters(system)).toEqual({});
  });

  test("that fails while it is handed on is handed on again", async () => {
    const before = await stateOf(system);
    let failures = 0;
    system.hooks.beforeInvoke = (name) => {
      if (name === "Replay" && failures++ < 2) throw new Error("not now");
    };
    await ops().replays.start({ subscriber: "RecordTimeline", from, to: now(), filter: { orderId: confirmed } });
    for (let minute = 0; minute < 4; minute++) await system.skip(61_000);
    expect(failures).toBeGreaterThan(2);
    expect(deadLetters(system)).toEqual({});
    expect(await stateOf(system)).toEqual(before);
  });
});
