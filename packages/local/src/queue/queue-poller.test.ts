import type { Mapping } from "@cartwright/topology";
import type { SQSEvent } from "aws-lambda";
import { beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../clock.ts";
import type { Invocation } from "../function/invocation.ts";
import { createMeter, sumOf } from "../meter/meter.ts";
import { seededRandom } from "../random.ts";
import { openStore } from "../store.ts";
import { arnOf, queue } from "../test/fixture.ts";
import { openQueues, type Queues, type ReceivedMessage } from "./queue.ts";
import { startQueuePoller, succeeded } from "./queue-poller.ts";

const mapping = (more: Partial<Mapping> = {}): Mapping => ({
  source: arnOf("sqs", "work"),
  function: "arn:aws:lambda:eu-west-1:123456789012:function:Reaction",
  enabled: true,
  batchSize: 10,
  windowSeconds: 0,
  partialResponses: true,
  ...more,
});

let clock: ManualClock;
let queues: Queues;
let batches: { bodies: string[]; atMs: number }[];
let startMs: number;

beforeEach(() => {
  clock = new ManualClock();
  startMs = clock.now();
  const redrive = { deadLetters: arnOf("sqs", "dead"), maximumReceives: 3 };
  queues = openQueues({
    queues: [queue("work", { visibilityTimeoutSeconds: 60, redrive }), queue("dead")],
    store: openStore(":memory:"),
    clock,
    random: seededRandom(1),
  });
  batches = [];
});

type Answer = (event: SQSEvent) => unknown;

function start(answer: Answer, more: Partial<Mapping> = {}) {
  const meter = createMeter();
  const invoke = async (_: string, payload: unknown): Promise<Invocation> => {
    const event = payload as SQSEvent;
    batches.push({ bodies: event.Records.map((record) => record.body), atMs: clock.now() - startMs });
    try {
      return { ok: true, payload: await answer(event) };
    } catch (error) {
      return { ok: false, error: { errorType: "Error", errorMessage: String(error) } };
    }
  };
  return { meter, poller: startQueuePoller({ mapping: mapping(more), queues, invoke, clock, meter }) };
}

const send = (...bodies: string[]) => {
  for (const body of bodies) queues.send("work", { body });
};
const left = () => {
  const { visible, inFlight } = queues.counts("work");
  return visible + inFlight;
};
const failuresOf = (event: SQSEvent, ...bodies: string[]) => ({
  batchItemFailures: event.Records.filter((record) => bodies.includes(record.body)).map((record) => ({
    itemIdentifier: record.messageId,
  })),
});

describe("the poller of a queue", () => {
  it("invokes the function with the records as Lambda shows them", async () => {
    let seen: SQSEvent | undefined;
    start((event) => {
      seen = event;
    });
    const { messageId } = queues.send("work", {
      body: "hello",
      attributes: { RULE_ARN: { DataType: "String", StringValue: "arn:x" } },
    });
    await clock.advance(0);
    expect(seen).toEqual({
      Records: [
        {
          messageId,
          receiptHandle: expect.any(String),
          body: "hello",
          attributes: {
            ApproximateReceiveCount: "1",
            SentTimestamp: String(startMs),
            SenderId: "123456789012",
            ApproximateFirstReceiveTimestamp: String(startMs),
          },
          messageAttributes: {
            RULE_ARN: { dataType: "String", stringValue: "arn:x", stringListValues: [], binaryListValues: [] },
          },
          md5OfBody: "5d41402abc4b2a76b9719d911017c592",
          eventSource: "aws:sqs",
          eventSourceARN: arnOf("sqs", "work"),
          awsRegion: "eu-west-1",
        },
      ],
    });
    expect(left()).toBe(0);
  });

  it("takes what was there before it, in batches of at most the batch size", async () => {
    send(...Array.from({ length: 25 }, (_, index) => `m${index}`));
    start(() => undefined);
    await clock.advance(0);
    expect(batches.map((batch) => batch.bodies.length)).toEqual([10, 10, 5]);
    expect(left()).toBe(0);
  });

  it("deletes only what succeeded; the rest comes back after its visibility timeout", async () => {
    start((event) => failuresOf(event, "b"));
    send("a", "b", "c");
    await clock.advance(60_000);
    expect(batches).toEqual([
      { bodies: ["a", "b", "c"], atMs: 0 },
      { bodies: ["b"], atMs: 60_000 },
    ]);
  });

  it("lets a poisoned message end in the dead letters, by itself, while the others pass", async () => {
    start((event) => failuresOf(event, "poison"));
    send("poison", "good");
    await clock.advance(180_000);
    expect(batches.map((batch) => batch.atMs)).toEqual([0, 60_000, 120_000]);
    expect(queues.peek("dead", 10).map((message) => message.body)).toEqual(["poison"]);
  });

  it("deletes nothing when the function fails", async () => {
    start(() => {
      throw new Error("boom");
    });
    send("a");
    await clock.advance(0);
    expect(left()).toBe(1);
  });

  it("deletes everything without partial responses, whatever the answer", async () => {
    start((event) => failuresOf(event, "a"), { partialResponses: false });
    send("a");
    await clock.advance(0);
    expect(left()).toBe(0);
  });

  it("waits for the window to fill a batch, and no longer than until it is full", async () => {
    start(() => undefined, { windowSeconds: 5, batchSize: 3 });
    send("a");
    await clock.advance(2_000);
    send("b");
    await clock.advance(4_000);
    send("c", "d", "e");
    await clock.advance(0);
    expect(batches).toEqual([
      { bodies: ["a", "b"], atMs: 5_000 },
      { bodies: ["c", "d", "e"], atMs: 6_000 },
    ]);
  });

  it("runs no more batches at once than allowed", async () => {
    let running = 0;
    let peak = 0;
    const slowly = async () => {
      peak = Math.max(peak, ++running);
      await clock.sleep(1_000);
      running--;
    };
    start(slowly, { batchSize: 1, maximumConcurrency: 2 });
    send("a", "b", "c", "d", "e");
    await clock.advance(10_000);
    expect(peak).toBe(2);
    expect(batches.map((batch) => batch.atMs)).toEqual([0, 0, 1_000, 1_000, 2_000]);
    expect(left()).toBe(0);
  });

  it("drops what no filter lets through, without invoking", async () => {
    start(() => undefined, { filters: [{ body: { kind: ["a"] } }] });
    send('{"kind":"a"}', '{"kind":"b"}', "plain text");
    await clock.advance(0);
    expect(batches.map((batch) => batch.bodies)).toEqual([['{"kind":"a"}']]);
    expect(left()).toBe(0);
  });

  it("filters plain bodies only by patterns for plain bodies", async () => {
    start(() => undefined, { filters: [{ body: [{ prefix: "go" }] }] });
    send("go on", "stop", '{"go":1}');
    await clock.advance(0);
    expect(batches.map((batch) => batch.bodies)).toEqual([["go on"]]);
  });

  it("stops after the batches in work, and gives back what it only held", async () => {
    const { poller } = start(() => clock.sleep(5_000), { windowSeconds: 60, batchSize: 2 });
    send("a", "b", "held");
    await clock.advance(0);
    expect(poller.busy()).toBe(true);
    await clock.finish(poller.stop());
    expect(clock.now() - startMs).toBe(5_000);
    expect(poller.busy()).toBe(false);
    expect(queues.receive("work", { maximum: 10 }).map((message) => message.body)).toEqual(["held"]);
    send("after");
    await clock.advance(120_000);
    expect(batches).toHaveLength(1);
  });

  it("counts its receives and deletes for the correlations they were for", async () => {
    const { meter } = start(() => undefined);
    const body = (correlationId: string) => JSON.stringify({ detail: { correlationId } });
    send(body("one"), body("two"));
    await clock.advance(0);
    expect(meter.total()).toEqual({ queueRequests: { work: { amount: 2, shared: 2 } } });
    expect(sumOf(meter.report("one"), "queueRequests")).toEqual({ amount: 1, shared: 1 });
  });
});

describe("a partial batch response", () => {
  const messages = ["1", "2", "3"].map((messageId) => ({ messageId }) as ReceivedMessage);
  const idsAfter = (payload: unknown) =>
    succeeded(messages, { ok: true, payload }, true).map((message) => message.messageId);

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["an empty object", {}],
    ["a null list", { batchItemFailures: null }],
    ["an empty list", { batchItemFailures: [] }],
  ])("of %s is a complete success", (_, payload) => {
    expect(idsAfter(payload)).toEqual(["1", "2", "3"]);
  });

  it("spares those it names", () => {
    expect(idsAfter({ batchItemFailures: [{ itemIdentifier: "2" }] })).toEqual(["1", "3"]);
  });

  it.each([
    ["text", "oops"],
    ["a list that is none", { batchItemFailures: "2" }],
    ["an empty id", { batchItemFailures: [{ itemIdentifier: "" }] }],
    ["a null id", { batchItemFailures: [{ itemIdentifier: null }] }],
    ["a wrong key", { batchItemFailures: [{ id: "2" }] }],
    ["a null item", { batchItemFailures: [null] }],
    ["an id that is not in the batch", { batchItemFailures: [{ itemIdentifier: "2" }, { itemIdentifier: "9" }] }],
  ])("of %s is a complete failure", (_, payload) => {
    expect(idsAfter(payload)).toEqual([]);
  });
});
