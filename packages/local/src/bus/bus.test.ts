import type { Archive, Rule } from "@cartwright/topology";
import { beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../clock.ts";
import { createMeter, sumOf } from "../meter/meter.ts";
import { openQueues, type Queues } from "../queue/queue.ts";
import { seededRandom } from "../random.ts";
import { openStore, type Store } from "../store.ts";
import { account, arnOf as arn, queue, region } from "../test/fixture.ts";
import { type BusOptions, type EventBus, openBus, type PutEventsEntry } from "./bus.ts";
import { NoSuchTargetError, type TargetCalls } from "./bus-delivery.ts";
import type { ReplayInput } from "./replay.ts";

const bus = { name: "shop", arn: arn("events", "event-bus/shop") };
const machine = arn("states", "stateMachine:Checkout");
const lambda = arn("lambda", "function:Audit");

const rule = (name: string, target: Rule["targets"][number], more: Partial<Rule> = {}): Rule => ({
  name,
  bus: bus.name,
  enabled: true,
  pattern: { source: [{ prefix: "shop." }] },
  targets: [target],
  ...more,
});
const archive: Archive = {
  name: "all",
  arn: arn("events", "archive/all"),
  bus: bus.arn,
  pattern: { source: [{ prefix: "shop." }] },
  retentionDays: 7,
};

let clock: ManualClock;
let store: Store;
let queues: Queues;

beforeEach(() => {
  clock = new ManualClock();
  store = openStore(":memory:");
  queues = openQueues({ queues: [queue("receipts"), queue("dead")], store, clock, random: seededRandom(1) });
});

const nothing: TargetCalls = { start: async () => {}, invokeAsync: async () => {} };

function open(rules: Rule[], more: Partial<BusOptions> = {}): EventBus {
  return openBus({
    buses: [bus],
    rules,
    archives: [archive],
    account,
    region,
    store,
    queues,
    clock,
    random: seededRandom(2),
    targets: nothing,
    ...more,
  });
}

const entry = (more: Partial<PutEventsEntry> = {}): PutEventsEntry => ({
  EventBusName: "shop",
  Source: "shop.order",
  DetailType: "order.placed",
  Detail: '{"orderId":"o1","correlationId":"c1"}',
  ...more,
});
const received = (name: string) => queues.peek(name, 100).map((message) => JSON.parse(message.body));
const attributesOf = (name: string) =>
  queues
    .peek(name, 100)
    .map(({ attributes }) =>
      Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, value.StringValue])),
    );

describe("putting events", () => {
  it("wraps the entry in EventBridge's envelope", () => {
    const shop = open([rule("Receipts", { arn: queue("receipts").arn })]);
    const { Entries } = shop.putEvents([entry({ Time: "2026-03-01T12:00:00.789Z", Resources: ["arn:x"] })]);
    expect(received("receipts")).toEqual([
      {
        version: "0",
        id: (Entries[0] as { EventId: string }).EventId,
        "detail-type": "order.placed",
        source: "shop.order",
        account,
        time: "2026-03-01T12:00:00Z",
        region,
        resources: ["arn:x"],
        detail: { orderId: "o1", correlationId: "c1" },
      },
    ]);
  });

  it("takes the time of the call when there is none, and seconds as the SDK sends them", () => {
    const shop = open([]);
    shop.putEvents([entry(), entry({ Time: 1_767_225_661.5 })]);
    expect(shop.archived("all").map((event) => event.time)).toEqual(["2026-01-01T00:00:00Z", "2026-01-01T00:01:01Z"]);
  });

  it.each<[string, Partial<PutEventsEntry>, string, string]>([
    ["no source", { Source: "" }, "InvalidArgument", "Source is a required argument"],
    ["no detail type", { DetailType: "" }, "InvalidArgument", "DetailType is a required argument"],
    ["no detail", { Detail: "" }, "InvalidArgument", "Detail is a required argument"],
    ["text as detail", { Detail: "hello" }, "MalformedDetail", "Detail is malformed"],
    ["an array as detail", { Detail: "[]" }, "MalformedDetail", "Detail is malformed"],
    ["a source of AWS's own", { Source: "aws.s3" }, "NotAuthorizedForSourceException", "Not authorized"],
    ["a time that is none", { Time: "yesterday" }, "InvalidArgument", "Parameter Time"],
    ["an unknown bus", { EventBusName: "nope" }, "ResourceNotFoundException", "Event bus nope does not exist"],
  ])("fails the one entry with %s, and delivers the others", (_, bad, code, message) => {
    const shop = open([rule("Receipts", { arn: queue("receipts").arn })]);
    const { FailedEntryCount, Entries } = shop.putEvents([entry(), entry(bad), entry()]);
    expect(FailedEntryCount).toBe(1);
    expect(Entries[1]).toEqual({ ErrorCode: code, ErrorMessage: expect.stringContaining(message) });
    expect(received("receipts")).toHaveLength(2);
  });

  it("fails the entries that a test chooses", () => {
    const shop = open([rule("Receipts", { arn: queue("receipts").arn })], {
      onPutEvents: ({ DetailType }) => (DetailType === "order.paid" ? "InternalFailure" : undefined),
    });
    const { FailedEntryCount, Entries } = shop.putEvents([entry({ DetailType: "order.paid" }), entry()]);
    expect(FailedEntryCount).toBe(1);
    expect(Entries).toEqual([
      { ErrorCode: "InternalFailure", ErrorMessage: expect.any(String) },
      { EventId: expect.any(String) },
    ]);
    expect(received("receipts")).toHaveLength(1);
    expect(shop.archived("all")).toHaveLength(1);
  });

  it("refuses a request of eleven entries, of none, and of 256 KB", () => {
    const shop = open([]);
    const invalid = expect.objectContaining({ name: "ValidationException" });
    expect(() => shop.putEvents(Array.from({ length: 11 }, () => entry()))).toThrow(invalid);
    expect(() => shop.putEvents([])).toThrow(invalid);
    const own = entry({ Time: "2026-01-01T00:00:00Z", Resources: ["arn:x"], Detail: "" });
    const fixedBytes = 14 + "shop.order".length + "order.placed".length + "arn:x".length;
    const sized = (bytes: number) => ({ ...own, Detail: `{"x":"${"y".repeat(bytes - fixedBytes - 8)}"}` });
    expect(() => shop.putEvents([sized(262_144)])).toThrow("262144 bytes");
    expect(shop.putEvents([sized(262_143)]).FailedEntryCount).toBe(0);
  });

  it("counts each 64 KB of an event, for its correlation", () => {
    const meter = createMeter();
    const shop = open([rule("Receipts", { arn: queue("receipts").arn })], { meter });
    shop.putEvents([entry(), entry({ Detail: JSON.stringify({ correlationId: "c2", x: "y".repeat(70_000) }) })]);
    expect(sumOf(meter.total(), "busEvents").amount).toBe(3);
    expect(meter.report("c2")).toMatchObject({
      busEvents: { shop: { amount: 2 } },
      queueRequests: { receipts: { amount: 2 } },
    });
  });
});

describe("rules", () => {
  it("deliver what their pattern matches, when they are enabled and on this bus", () => {
    const toReceipts = { arn: queue("receipts").arn };
    const shop = open([
      rule("Paid", toReceipts, { pattern: { "detail-type": ["order.paid"] } }),
      rule("Disabled", toReceipts, { enabled: false }),
      rule("Elsewhere", toReceipts, { bus: "other" }),
      rule("Big", toReceipts, { pattern: { detail: { total: [{ numeric: [">", 100] }] } } }),
    ]);
    shop.putEvents([entry(), entry({ DetailType: "order.paid", Detail: '{"total":101}' })]);
    expect(received("receipts").map((event) => event["detail-type"])).toEqual(["order.paid", "order.paid"]);
  });

  it("with a malformed pattern are refused at load, by name", () => {
    expect(() => open([rule("Broken", { arn: machine }, { pattern: { source: "x" } })])).toThrow(
      "rule Broken.source: must be",
    );
  });

  it("send to dead letters at once what is for a queue that doesn't exist", () => {
    const shop = open([rule("Gone", { arn: arn("sqs", "gone"), deadLetters: queue("dead").arn })]);
    shop.putEvents([entry()]);
    expect(attributesOf("dead")).toEqual([
      {
        RULE_ARN: arn("events", "rule/shop/Gone"),
        TARGET_ARN: arn("sqs", "gone"),
        ERROR_CODE: "NO_RESOURCE",
        ERROR_MESSAGE: `The queue ${arn("sqs", "gone")} does not exist.`,
        RETRY_ATTEMPTS: "0",
      },
    ]);
  });
});

describe("targets that are called", () => {
  const toMachine = {
    arn: machine,
    deadLetters: queue("dead").arn,
    retry: { maximumAttempts: 2, maximumAgeSeconds: 3_600 },
  };

  it("get the event after the answer, machines and functions alike", async () => {
    const calls: [string, unknown][] = [];
    const targets: TargetCalls = {
      start: async (name, input) => void calls.push([name, input]),
      invokeAsync: async (name, event) => void calls.push([name, event]),
    };
    const shop = open([rule("Start", toMachine), rule("Audit", { arn: lambda })], { targets });
    shop.putEvents([entry()]);
    expect(calls).toEqual([]);
    expect(shop.busy()).toBe(true);
    await clock.advance(0);
    const event = expect.objectContaining({ "detail-type": "order.placed" });
    expect(calls).toEqual([
      [machine, event],
      [lambda, event],
    ]);
    expect(shop.busy()).toBe(false);
    expect(shop.pendingDeliveries()).toBe(0);
  });

  it("are retried with growing pauses, then the event goes to the dead letters with the reason", async () => {
    const startMs = clock.now();
    const times: number[] = [];
    const start = async () => {
      times.push(clock.now() - startMs);
      throw Object.assign(new Error("too many"), { name: "ThrottlingException" });
    };
    const shop = open([rule("Start", toMachine)], { targets: { ...nothing, start } });
    shop.putEvents([entry()]);
    await clock.advance(60_000);
    expect(times).toHaveLength(3);
    expect(times[1]).toBeGreaterThanOrEqual(500);
    expect(times[1]).toBeLessThanOrEqual(1_000);
    expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(1_000);
    expect(times[2]! - times[1]!).toBeLessThanOrEqual(2_000);
    expect(received("dead")).toMatchObject([{ "detail-type": "order.placed" }]);
    expect(attributesOf("dead")).toEqual([
      {
        RULE_ARN: arn("events", "rule/shop/Start"),
        TARGET_ARN: machine,
        ERROR_CODE: "ThrottlingException",
        ERROR_MESSAGE: "too many",
        RETRY_ATTEMPTS: "2",
        EXHAUSTED_RETRY_CONDITION: "MaximumRetryAttempts",
      },
    ]);
    expect(shop.pendingDeliveries()).toBe(0);
  });

  it("of what a queue refuses fail no one else: the publisher and other targets don't notice", async () => {
    const started: unknown[] = [];
    const start = async (_: string, input: unknown) => void started.push(input);
    const shop = open(
      [rule("Receipts", { arn: queue("receipts").arn, deadLetters: queue("dead").arn }), rule("Start", toMachine)],
      {
        targets: { ...nothing, start },
      },
    );
    const { FailedEntryCount } = shop.putEvents([{ ...entry(), Detail: JSON.stringify({ title: "Mug \ufffe" }) }]);
    await clock.advance(1_000);
    expect(FailedEntryCount).toBe(0);
    expect(started).toHaveLength(1);
    expect([...queues.peek("receipts", 1), ...queues.peek("dead", 1)]).toEqual([]);
  });

  it("are not tried for longer than the event may be old", async () => {
    const start = () => Promise.reject(new Error("down"));
    const retry = { maximumAttempts: 185, maximumAgeSeconds: 60 };
    const shop = open([rule("Start", { ...toMachine, retry })], { targets: { ...nothing, start } });
    shop.putEvents([entry()]);
    await clock.advance(60_000);
    expect(attributesOf("dead")).toMatchObject([{ EXHAUSTED_RETRY_CONDITION: "MaximumEventAgeInSeconds" }]);
  });

  it("that don't exist are not retried", async () => {
    const start = () => Promise.reject(new NoSuchTargetError("no such machine"));
    const shop = open([rule("Start", toMachine)], { targets: { ...nothing, start } });
    shop.putEvents([entry()]);
    await clock.advance(0);
    expect(attributesOf("dead")).toMatchObject([{ ERROR_CODE: "NO_RESOURCE", RETRY_ATTEMPTS: "0" }]);
  });

  it("that the rule may not reach are not retried", async () => {
    const refusalOf = (_: string, target: string) => (target === queue("dead").arn ? undefined : `not ${target}`);
    const started: unknown[] = [];
    const targets = { ...nothing, start: async (_: string, input: unknown) => void started.push(input) };
    const toQueue = rule("Receipts", { arn: queue("receipts").arn, deadLetters: queue("dead").arn });
    const shop = open([rule("Start", toMachine), toQueue], { targets, refusalOf });
    shop.putEvents([entry()]);
    await clock.advance(0);
    expect([started, received("receipts"), shop.pendingDeliveries()]).toEqual([[], [], 0]);
    expect(attributesOf("dead")).toMatchObject(
      [queue("receipts").arn, machine].map((target) => ({
        ...{ TARGET_ARN: target, ERROR_CODE: "NO_PERMISSIONS", ERROR_MESSAGE: `not ${target}`, RETRY_ATTEMPTS: "0" },
      })),
    );
  });

  it("lose an event, loudly, when the rule may not reach the dead letters either", async () => {
    const errors: unknown[] = [];
    const shop = open([rule("Start", toMachine)], { refusalOf: () => "no", onError: (error) => errors.push(error) });
    shop.putEvents([entry()]);
    await clock.advance(0);
    expect(received("dead")).toEqual([]);
    expect(errors).toMatchObject([{ message: expect.stringMatching(/lost.*NO_PERMISSIONS/) }]);
  });

  it("get what an earlier process could not deliver", async () => {
    const down = () => Promise.reject(new Error("down"));
    const before = open([rule("Start", toMachine)], { targets: { ...nothing, start: down } });
    before.putEvents([entry()]);
    await clock.advance(0);
    await before.stop();
    before.putEvents([entry({ DetailType: "order.paid" })]);
    await clock.advance(60_000);
    expect(before.pendingDeliveries()).toBe(2);

    const started: unknown[] = [];
    const start = async (_: string, input: unknown) =>
      void started.push((input as { "detail-type": string })["detail-type"]);
    open([rule("Start", toMachine)], { targets: { ...nothing, start } });
    await clock.advance(0);
    // The retry's pause puts it behind the other.
    expect(started).toEqual(["order.paid", "order.placed"]);
  });

  it("are called by so many at a time, and all of them in the end", async () => {
    let running = 0;
    let peak = 0;
    let done = 0;
    const start = async () => {
      peak = Math.max(peak, ++running);
      await clock.sleep(1_000);
      running--;
      done++;
    };
    const shop = open([rule("Start", toMachine)], { targets: { ...nothing, start } });
    for (let request = 0; request < 10; request++) shop.putEvents(Array.from({ length: 10 }, () => entry()));
    await clock.advance(10_000);
    expect(done).toBe(100);
    expect(peak).toBe(32);
  });
});

describe("an archive", () => {
  const types = (shop: EventBus, range?: Parameters<EventBus["archived"]>[1]) =>
    shop.archived("all", range).map((event) => event["detail-type"]);

  it("keeps what its pattern matches, by the events' own time, for its retention", async () => {
    const shop = open([]);
    shop.putEvents([
      entry({ DetailType: "second", Time: "2026-01-01T00:00:20Z" }),
      entry({ DetailType: "first", Time: "2026-01-01T00:00:10Z" }),
      entry({ Source: "other" }),
    ]);
    expect(types(shop)).toEqual(["first", "second"]);
    expect(types(shop, { fromMs: Date.parse("2026-01-01T00:00:20Z") })).toEqual(["second"]);
    expect(types(shop, { toMs: Date.parse("2026-01-01T00:00:19Z") })).toEqual(["first"]);
    await clock.advance(7 * 86_400_000);
    expect(types(shop)).toEqual([]);
  });

  const replayOf = (more: Partial<ReplayInput> = {}): ReplayInput => ({
    name: "again",
    archive: archive.arn,
    bus: bus.arn,
    fromMs: 0,
    toMs: clock.now() + 1,
    ...more,
  });

  it("replays a range as the same events, marked, once, and archives none of them again", async () => {
    const shop = open([rule("Receipts", { arn: queue("receipts").arn })]);
    shop.putEvents([
      entry({ Time: "2026-01-01T00:00:10Z" }),
      entry({ DetailType: "order.paid", Time: "2026-01-01T00:00:20Z" }),
    ]);
    const [original] = received("receipts");
    queues.purge("receipts");
    const range = { fromMs: Date.parse("2026-01-01T00:00:10Z"), toMs: Date.parse("2026-01-01T00:00:15Z") };
    expect(shop.replays.start(replayOf(range))).toMatchObject({ state: "STARTING", events: 0 });
    expect(shop.busy()).toBe(true);
    await clock.advance(0);
    expect(shop.busy()).toBe(false);
    expect(received("receipts")).toEqual([{ ...original, "replay-name": "again" }]);
    expect(shop.archived("all")).toHaveLength(2);
    expect(shop.replays.describe("again")).toMatchObject({
      state: "COMPLETED",
      events: 1,
      lastReplayedMs: range.fromMs,
      endedAtMs: clock.now(),
    });
  });

  it("replays to chosen rules only, and rules may tell a replayed event from a first one", async () => {
    const toDead = rule("Dead", { arn: queue("dead").arn });
    const replayed = rule(
      "Replayed",
      { arn: queue("receipts").arn },
      { pattern: { "replay-name": [{ exists: true }] } },
    );
    const shop = open([toDead, replayed]);
    shop.putEvents([entry()]);
    expect([received("receipts").length, received("dead").length]).toEqual([0, 1]);
    shop.replays.start(replayOf({ rules: [arn("events", "rule/shop/Replayed")] }));
    await clock.advance(0);
    expect([received("receipts").length, received("dead").length]).toEqual([1, 1]);
  });

  it("replays more than one page, in order, each once", async () => {
    const shop = open([rule("Receipts", { arn: queue("receipts").arn })]);
    for (let index = 0; index < 450; index++) shop.putEvents([entry({ Detail: JSON.stringify({ index }) })]);
    queues.purge("receipts");
    shop.replays.start(replayOf());
    await clock.advance(0);
    expect(shop.replays.describe("again")).toMatchObject({ state: "COMPLETED", events: 450 });
    const indexes = queues.peek("receipts", 1_000).map((message) => JSON.parse(message.body).detail.index);
    expect(indexes).toEqual(Array.from({ length: 450 }, (_, index) => index));
  });

  it("goes on with a replay where an earlier process left it", async () => {
    const rules = [rule("Receipts", { arn: queue("receipts").arn })];
    let recordsLeft = Number.POSITIVE_INFINITY;
    const meter = createMeter();
    const counting = { ...meter, record: () => void (--recordsLeft === 0 && queueMicrotask(() => before.stop())) };
    const before = open(rules, { meter: counting });
    for (let index = 0; index < 450; index++) before.putEvents([entry({ Detail: JSON.stringify({ index }) })]);
    queues.purge("receipts");
    // An event is counted on the bus and in its queue: the process ends right behind the first page.
    recordsLeft = 2 * 200;
    before.replays.start(replayOf());
    await clock.advance(0);
    expect(before.replays.describe("again")).toMatchObject({ state: "RUNNING", events: 200 });
    const after = open(rules);
    await clock.advance(0);
    expect(after.replays.describe("again")).toMatchObject({ state: "COMPLETED", events: 450 });
    const indexes = queues.peek("receipts", 1_000).map((message) => JSON.parse(message.body).detail.index);
    expect(indexes).toEqual(Array.from({ length: 450 }, (_, index) => index));
  });

  it("fails a replay whose archive is gone from the stacks when it goes on", async () => {
    const before = open([]);
    before.replays.start(replayOf());
    await before.stop();
    const after = open([], { archives: [] });
    await clock.advance(0);
    expect(after.replays.describe("again")).toMatchObject({ state: "FAILED", stateReason: expect.any(String) });
  });

  it("stops a replay that is cancelled, and knows one that has ended", async () => {
    const shop = open([rule("Receipts", { arn: queue("receipts").arn })]);
    shop.putEvents([entry()]);
    queues.purge("receipts");
    shop.replays.start(replayOf());
    shop.replays.cancel("again");
    await clock.advance(0);
    expect(received("receipts")).toEqual([]);
    expect(shop.replays.describe("again")).toMatchObject({ state: "CANCELLED" });
    expect(() => shop.replays.cancel("again")).toThrow(expect.objectContaining({ name: "IllegalStatusException" }));
  });

  it.each<[string, Partial<ReplayInput>, string, string]>([
    [
      "an unknown archive",
      { archive: arn("events", "archive/none") },
      "ValidationException",
      "Archive none does not exist",
    ],
    ["what is no bus", { bus: arn("sqs", "dead") }, "ValidationException", "Must contain an event bus ARN"],
    [
      "an unknown bus",
      { bus: arn("events", "event-bus/none") },
      "ResourceNotFoundException",
      "Event bus none does not",
    ],
    ["another bus", { bus: arn("events", "event-bus/other") }, "ValidationException", "Cross event bus replay"],
    ["an empty range", { fromMs: 5, toMs: 5 }, "ValidationException", "EventStartTime must be before EventEndTime"],
    [
      "an unknown rule",
      { rules: [arn("events", "rule/shop/Nope")] },
      "ResourceNotFoundException",
      "Rule Nope does not",
    ],
    ["a name that is taken", { name: "taken" }, "ResourceAlreadyExistsException", "Replay taken already exists"],
  ])("refuses to replay to %s", (_, bad, name, message) => {
    const shop = open([], { buses: [bus, { name: "other", arn: arn("events", "event-bus/other") }] });
    shop.replays.start(replayOf({ name: "taken" }));
    const refused = expect.objectContaining({ name, message: expect.stringContaining(message) });
    expect(() => shop.replays.start(replayOf(bad))).toThrow(refused);
    expect(shop.replays.list()).toHaveLength(1);
  });

  it("runs ten replays at a time", () => {
    const shop = open([]);
    for (let index = 0; index < 10; index++) shop.replays.start(replayOf({ name: `r${index}` }));
    const limit = expect.objectContaining({ name: "LimitExceededException" });
    expect(() => shop.replays.start(replayOf())).toThrow(limit);
  });
});
