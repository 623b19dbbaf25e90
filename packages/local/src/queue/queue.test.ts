import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../clock.ts";
import { seededRandom } from "../random.ts";
import { openStore, type Store } from "../store.ts";
import { queue } from "../test/fixture.ts";
import { type MessageAttributes, md5OfAttributes, openQueues, type Queues } from "./queue.ts";

const dead = queue("dead", { retentionSeconds: 1_209_600 });
const work = queue("work", { redrive: { deadLetters: dead.arn, maximumReceives: 2 } });
const slow = queue("slow", { delaySeconds: 60 });
const plain = queue("plain");

let clock: ManualClock;
let store: Store;
let queues: Queues;

beforeEach(() => {
  clock = new ManualClock();
  store = openStore(":memory:");
  queues = openQueues({ queues: [dead, work, slow, plain], store, clock, random: seededRandom(1) });
});

const bodies = (name: string, maximum = 10) => queues.receive(name, { maximum }).map((message) => message.body);
const counts = (name: string) => {
  const { visible, inFlight, delayed } = queues.counts(name);
  return { visible, inFlight, delayed };
};

describe("sending and receiving", () => {
  it("hands out a message with what SQS tells about it", async () => {
    const attributes = { kind: { DataType: "String", StringValue: "test" } };
    const sent = queues.send("plain", { body: "hello", attributes });
    await clock.advance(5_000);
    const [message] = queues.receive("plain");
    expect(message).toMatchObject({
      messageId: sent.messageId,
      body: "hello",
      attributes,
      md5OfBody: "5d41402abc4b2a76b9719d911017c592",
      receiveCount: 1,
      sentAtMs: clock.now() - 5_000,
      firstReceivedAtMs: clock.now(),
      senderId: "123456789012",
      deadLetterSource: undefined,
    });
  });

  it("gives at most ten, in order of sending, each once while in flight", () => {
    for (let index = 0; index < 12; index++) queues.send("plain", { body: `m${index}` });
    expect(bodies("plain")).toEqual(Array.from({ length: 10 }, (_, index) => `m${index}`));
    expect(bodies("plain")).toEqual(["m10", "m11"]);
    expect(bodies("plain")).toEqual([]);
    expect(counts("plain")).toEqual({ visible: 0, inFlight: 12, delayed: 0 });
  });

  it("keeps a message back for the queue's delay, or its own", async () => {
    queues.send("slow", { body: "queue's delay" });
    queues.send("slow", { body: "none", delaySeconds: 0 });
    queues.send("plain", { body: "own delay", delaySeconds: 10 });
    expect(bodies("slow")).toEqual(["none"]);
    expect(counts("plain")).toEqual({ visible: 0, inFlight: 0, delayed: 1 });
    await clock.advance(10_000);
    expect(bodies("plain")).toEqual(["own delay"]);
    await clock.advance(50_000);
    expect(bodies("slow")).toContain("queue's delay");
  });

  it("forgets what was sent in a transaction that failed", () => {
    expect(() =>
      store.transaction(() => {
        queues.send("plain", { body: "x" });
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(bodies("plain")).toEqual([]);
  });

  it("finds a queue by URL and ARN, and refuses an unknown one", () => {
    expect(queues.resolve(plain.url)).toBe(plain);
    expect(queues.resolve(`http://127.0.0.1:4000/123456789012/plain`)).toBe(plain);
    expect(queues.resolve(plain.arn)).toBe(plain);
    expect(() => queues.send("nope", { body: "x" })).toThrow(expect.objectContaining({ name: "QueueDoesNotExist" }));
  });

  const text = (StringValue: string) => ({ DataType: "String", StringValue });
  const sendWith = (attributes: MessageAttributes) => queues.send("plain", { body: "x", attributes });

  it.each([
    [
      "eleven messages",
      () => queues.receive("plain", { maximum: 11 }),
      "MaxNumberOfMessages must be a whole number from 1 to 10",
    ],
    ["a delay over 15 minutes", () => queues.send("plain", { body: "x", delaySeconds: 901 }), "DelaySeconds must be"],
    [
      "a visibility over 12 hours",
      () => queues.receive("plain", { visibilityTimeoutSeconds: 43_201 }),
      "VisibilityTimeout must",
    ],
    ["more than 1 MiB", () => queues.send("plain", { body: "x".repeat(1_048_577) }), "has 1048577 bytes"],
    ["a NUL in the body", () => queues.send("plain", { body: "a\u0000" }), "characters outside"],
    ["half a pair in an attribute", () => sendWith({ A: text("\ud800") }), '"A" holds characters outside'],
    ["an attribute that is empty", () => sendWith({ A: text("") }), "a value that is not empty"],
    ["an attribute without a type", () => sendWith({ A: { DataType: "Text", StringValue: "x" } }), 'type "Text"'],
    ["an attribute of AWS's own", () => sendWith({ "AWS.a": text("x") }), "an invalid name"],
    [
      "eleven attributes",
      () => sendWith(Object.fromEntries([..."abcdefghijk"].map((a) => [a, text("x")]))),
      "at most 10",
    ],
    ["an empty body", () => queues.send("plain", { body: "" }), "must contain the parameter MessageBody"],
  ])("refuses %s", (_, act, message) => {
    expect(act).toThrow(message);
  });
});

describe("visibility", () => {
  it("ends after the timeout; the message comes back with a new receipt and a higher count", async () => {
    queues.send("plain", { body: "x" });
    const [first] = queues.receive("plain");
    await clock.advance(29_999);
    expect(queues.receive("plain")).toEqual([]);
    await clock.advance(1);
    const [second] = queues.receive("plain");
    expect(second).toMatchObject({ receiveCount: 2, firstReceivedAtMs: first!.firstReceivedAtMs });
    expect(queues.delete("plain", first!.receiptHandle)).toBe(false);
    expect(queues.delete("plain", second!.receiptHandle)).toBe(true);
    expect(counts("plain")).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it("can be changed while in flight, and only then", async () => {
    queues.send("plain", { body: "x" });
    const [message] = queues.receive("plain");
    queues.changeVisibility("plain", message!.receiptHandle, 0);
    expect(counts("plain")).toEqual({ visible: 1, inFlight: 0, delayed: 0 });
    expect(() => queues.changeVisibility("plain", message!.receiptHandle, 5)).toThrow(
      expect.objectContaining({ name: "MessageNotInflight" }),
    );
    expect(() => queues.changeVisibility("plain", "nonsense", 5)).toThrow(
      expect.objectContaining({ name: "ReceiptHandleIsInvalid" }),
    );
  });

  it("lets a late consumer still delete what nobody received since", async () => {
    queues.send("plain", { body: "x" });
    const [message] = queues.receive("plain");
    await clock.advance(60_000);
    expect(queues.delete("plain", message!.receiptHandle)).toBe(true);
  });
});

describe("dead letters", () => {
  const failTwice = async () => {
    queues.send("work", { body: "poison" });
    for (let receive = 0; receive < 2; receive++) {
      expect(bodies("work")).toEqual(["poison"]);
      await clock.advance(30_000);
    }
  };

  it("take a message at the receive after the last allowed one, not before", async () => {
    await failTwice();
    expect(counts("dead").visible).toBe(0);
    queues.send("work", { body: "healthy" });
    expect(bodies("work", 1)).toEqual(["healthy"]);
    const [letter] = queues.receive("dead");
    expect(letter).toMatchObject({ body: "poison", receiveCount: 1, deadLetterSource: work.arn });
  });

  it("go back to where they came from as new messages", async () => {
    await failTwice();
    queues.receive("work");
    const before = queues.peek("dead", 10)[0]!;
    expect(queues.moveAll("dead")).toBe(1);
    expect(counts("dead")).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    const [again] = queues.receive("work");
    expect(again).toMatchObject({ body: "poison", receiveCount: 1, sentAtMs: clock.now() });
    expect(again!.messageId).not.toBe(before.messageId);
  });

  it("sent there directly go back to the queue that fails into it, or to a named one", () => {
    queues.send("dead", { body: "from a rule" });
    expect(queues.moveAll("dead")).toBe(1);
    expect(bodies("work")).toEqual(["from a rule"]);
    queues.send("plain", { body: "x" });
    expect(() => queues.moveAll("plain")).toThrow("plain holds no queue's dead letters: name a destination");
    queues.moveAll("plain", "slow");
    expect(counts("slow").delayed).toBe(1);
  });

  it("expire by their first sending, under their own queue's retention", async () => {
    await failTwice();
    queues.receive("work");
    await clock.advance(dead.retentionSeconds * 1000 - 60_000 - 1);
    expect(counts("dead").visible).toBe(1);
    await clock.advance(1);
    expect(counts("dead").visible).toBe(0);
  });
});

describe("retention and purge", () => {
  it("drop messages", async () => {
    queues.send("plain", { body: "old" });
    await clock.advance(plain.retentionSeconds * 1000);
    expect(bodies("plain")).toEqual([]);
    queues.send("plain", { body: "new" });
    queues.purge("plain");
    expect(counts("plain")).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });
});

describe("subscribers", () => {
  it("are woken by what is there, by a send, by the end of a delay and of a visibility timeout", async () => {
    const woken: number[] = [];
    const startMs = clock.now();
    queues.subscribe("plain", () => {
      woken.push(clock.now() - startMs);
      queues.receive("plain");
    });
    await clock.advance(1_000);
    queues.send("plain", { body: "a" });
    queues.send("plain", { body: "b", delaySeconds: 5 });
    await clock.advance(40_000);
    expect(woken).toEqual([0, 1_000, 6_000, 31_000, 36_000]);
  });

  it("of a dead letter queue are woken by a message that moves there", async () => {
    const woken: number[] = [];
    queues.subscribe("dead", () => woken.push(queues.counts("dead").visible));
    queues.subscribe("work", () => queues.receive("work"));
    queues.send("work", { body: "poison" });
    await clock.advance(60_000);
    expect(woken).toEqual([0, 1]);
  });

  it("hear nothing once they stopped, and leave no timer", async () => {
    let woken = 0;
    const stop = queues.subscribe("plain", () => woken++);
    queues.send("plain", { body: "x", delaySeconds: 5 });
    await clock.advance(0);
    stop();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(10_000);
    expect(woken).toBe(1);
  });
});

describe("long polling", () => {
  it("answers at once with what is there, later with what comes, and with nothing in the end", async () => {
    queues.send("plain", { body: "there" });
    expect(await queues.poll("plain", { waitMs: 20_000 })).toHaveLength(1);

    const waiting = queues.poll("plain", { waitMs: 20_000 });
    queues.send("plain", { body: "comes" });
    await clock.advance(0);
    expect(await waiting).toMatchObject([{ body: "comes" }]);

    queues.purge("plain");
    const startMs = clock.now();
    expect(await clock.finish(queues.poll("plain", { waitMs: 20_000 }))).toEqual([]);
    expect(clock.now() - startMs).toBe(20_000);
  });

  it("ends when aborted", async () => {
    const controller = new AbortController();
    const waiting = queues.poll("plain", { waitMs: 20_000, signal: controller.signal });
    controller.abort();
    expect(await waiting).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("the digest of message attributes", () => {
  it("does not depend on their order, and tells strings from binaries", () => {
    const text = { DataType: "String", StringValue: "aGk=" };
    const binary = { DataType: "String", BinaryValue: Buffer.from("aGk=").toString("base64") };
    expect(md5OfAttributes({ a: text, b: text })).toBe(md5OfAttributes({ b: text, a: text }));
    expect(md5OfAttributes({ a: text })).not.toBe(md5OfAttributes({ a: binary }));
  });
});

describe("whatever is done to a queue", () => {
  const act = fc.oneof(
    fc.record({ kind: fc.constant("send" as const), delaySeconds: fc.integer({ min: 0, max: 90 }) }),
    fc.record({ kind: fc.constant("receive" as const), maximum: fc.integer({ min: 1, max: 10 }) }),
    fc.record({ kind: fc.constant("delete" as const), pick: fc.nat() }),
    fc.record({ kind: fc.constant("release" as const), pick: fc.nat() }),
    fc.record({ kind: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 60 }) }),
  );

  it("each message is deleted, waits in the queue, or is a dead letter; no two receives hold it at once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (acts) => {
        const time = new ManualClock();
        const fresh = openQueues({
          queues: [dead, work],
          store: openStore(":memory:"),
          clock: time,
          random: seededRandom(3),
        });
        const sent = new Set<string>();
        const gone = new Set<string>();
        const held = new Map<string, { receipt: string; untilMs: number }>();
        for (const step of acts) {
          const pick = "pick" in step ? [...held][step.pick % Math.max(1, held.size)] : undefined;
          if (step.kind === "send")
            sent.add(fresh.send("work", { body: "x", delaySeconds: step.delaySeconds }).messageId);
          if (step.kind === "wait") await time.advance(step.seconds * 1000);
          if (step.kind === "release" && pick && pick[1].untilMs > time.now()) {
            fresh.changeVisibility("work", pick[1].receipt, 0);
            held.delete(pick[0]);
          }
          if (step.kind === "delete" && pick && fresh.delete("work", pick[1].receipt)) {
            gone.add(pick[0]);
            held.delete(pick[0]);
          }
          if (step.kind !== "receive") continue;
          for (const message of fresh.receive("work", { maximum: step.maximum })) {
            expect(held.get(message.messageId)?.untilMs ?? 0).toBeLessThanOrEqual(time.now());
            expect(message.receiveCount).toBeLessThanOrEqual(2);
            held.set(message.messageId, { receipt: message.receiptHandle, untilMs: time.now() + 30_000 });
          }
        }
        const left = ["work", "dead"].flatMap((name) => fresh.peek(name, 1_000).map((message) => message.messageId));
        expect([...left, ...gone].sort()).toEqual([...sent].sort());
      }),
      { seed: 7, numRuns: 100 },
    );
  });
});
