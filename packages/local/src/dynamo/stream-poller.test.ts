import type { Mapping } from "@cartwright/topology";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../clock.ts";
import type { Invocation } from "../function/invocation.ts";
import { seededRandom } from "../random.ts";
import { openStore } from "../store.ts";
import { arnOf, region, table } from "../test/fixture.ts";
import { openStreamCheckpoints, type StreamCheckpoints } from "./stream-checkpoint.ts";
import { type StreamPoller, startStreamPoller } from "./stream-poller.ts";
import type { StreamPosition, StreamRecord, StreamSource } from "./stream-source.ts";

const orders = table("orders");
const deadLetters = arnOf("sqs", "dead");
const done: Invocation = { ok: true, payload: null };
const broken: Invocation = { ok: false, error: { errorType: "Error", errorMessage: "broken" } };
const failing = (...sequences: (number | string)[]): Invocation => ({
  ok: true,
  payload: { batchItemFailures: sequences.map((one) => ({ itemIdentifier: String(one) })) },
});

let clock: ManualClock;
let checkpoints: StreamCheckpoints;
let records: StreamRecord[];
/** The sequence numbers of each batch that the function was given. */
let batches: number[][];
let failures: { destination: string; body: string }[];
let pollers: StreamPoller[];
let reads: number;

beforeEach(() => {
  clock = new ManualClock();
  checkpoints = openStreamCheckpoints(openStore(":memory:"));
  records = [];
  batches = [];
  failures = [];
  pollers = [];
  reads = 0;
});

afterEach(async () => {
  for (const poller of pollers) await poller.stop();
});

function write(count: number, kind = "order"): void {
  for (let index = 0; index < count; index++) {
    const sequence = records.length + 1;
    records.push({
      eventID: String(sequence),
      eventName: "INSERT",
      awsRegion: "engine",
      dynamodb: {
        SequenceNumber: String(sequence),
        ApproximateCreationDateTime: clock.now() / 1000,
        NewImage: { kind: { S: kind } },
      },
    });
  }
}

/** A stream in memory with the positions of a real one. */
const source: StreamSource = {
  async begin(saved, from) {
    if (saved) return saved;
    return { stream: "s", shard: "shard-1", sequence: from === "LATEST" ? String(records.length) : null };
  },
  async read(position) {
    reads++;
    return { records: records.slice(Number(position.sequence ?? 0)), position };
  },
};

type Respond = (batch: number[], event: { Records: Record<string, unknown>[] }) => Invocation | Promise<Invocation>;

function start(respond: Respond, overrides: Partial<Mapping> = {}, ownSource = source): StreamPoller {
  const poller = startStreamPoller({
    name: "Relay",
    mapping: {
      source: orders.stream!.arn,
      function: arnOf("lambda", "function:relay"),
      enabled: true,
      batchSize: 3,
      windowSeconds: 0,
      partialResponses: true,
      startingPosition: "TRIM_HORIZON",
      ...overrides,
    },
    table: orders,
    region,
    source: ownSource,
    checkpoints,
    clock,
    random: seededRandom(1),
    async invoke(_, event) {
      const { Records } = event as { Records: StreamRecord[] };
      const batch = Records.map((record) => Number(record.dynamodb.SequenceNumber));
      batches.push(batch);
      return respond(batch, event as never);
    },
    sendFailure: (destination, body) => failures.push({ destination, body }),
  });
  pollers.push(poller);
  return poller;
}

const saved = (): StreamPosition | undefined => checkpoints.load("Relay");

describe("a stream mapping", () => {
  it("delivers in order, in batches, and remembers how far it came", async () => {
    write(5);
    const poller = start(() => done);
    await clock.advance(0);
    expect(batches).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    expect(saved()).toEqual({ stream: "s", shard: "shard-1", sequence: "5" });
    expect(poller.busy()).toBe(false);
  });

  it("gives the function records as Lambda does", async () => {
    write(1);
    let seen: unknown;
    start((_, event) => {
      seen = event.Records[0];
      return done;
    });
    await clock.advance(0);
    expect(seen).toMatchObject({ eventSourceARN: orders.stream!.arn, awsRegion: region, eventName: "INSERT" });
  });

  it("wakes at a write, long before its slow poll", async () => {
    const poller = start(() => done);
    await clock.advance(0);
    write(1);
    poller.wake();
    expect(poller.busy()).toBe(true);
    await clock.advance(0);
    expect(batches).toEqual([[1]]);
    expect(poller.busy()).toBe(false);
  });

  it("finds what it wasn't woken for by its slow poll", async () => {
    start(() => done);
    await clock.advance(0);
    write(1);
    await clock.advance(4_999);
    expect(batches).toEqual([]);
    await clock.advance(1);
    expect(batches).toEqual([[1]]);
  });

  it("never has two batches in flight", async () => {
    write(9);
    let inFlight = 0;
    let most = 0;
    start(async () => {
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight--;
      return done;
    });
    for (let turn = 0; turn < 10; turn++) await clock.advance(0);
    expect(batches).toHaveLength(3);
    expect(most).toBe(1);
  });

  it("goes on after a restart exactly where it was", async () => {
    write(3);
    const first = start(() => done);
    await clock.advance(0);
    await first.stop();
    write(2);
    start(() => done);
    await clock.advance(0);
    expect(batches).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  it("that starts at the end skips what was there, and nothing that comes while it is stopped", async () => {
    write(3);
    const first = start(() => done, { startingPosition: "LATEST" });
    await clock.advance(0);
    await first.stop();
    write(1);
    start(() => done, { startingPosition: "LATEST" });
    await clock.advance(0);
    expect(batches).toEqual([[4]]);
  });

  it("passes over records that no filter wants, and counts them as handled", async () => {
    write(2, "cart");
    write(1, "order");
    write(3, "cart");
    start(() => done, { filters: [{ dynamodb: { NewImage: { kind: { S: ["order"] } } } }] });
    await clock.advance(0);
    expect(batches).toEqual([[3]]);
    expect(saved()?.sequence).toBe("6");
  });

  it("waits for its batching window to fill a batch", async () => {
    write(1);
    const poller = start(() => done, { windowSeconds: 5 });
    await clock.advance(4_000);
    write(1);
    poller.wake();
    expect(batches).toEqual([]);
    await clock.advance(1_000);
    expect(batches).toEqual([[1, 2]]);
  });

  it("keeps trying when the stream can't be read", async () => {
    write(1);
    const flaky: StreamSource = {
      ...source,
      read: (position) => (++reads < 4 ? Promise.reject(new Error("no engine")) : source.read(position)),
    };
    const poller = start(() => done, {}, flaky);
    await clock.advance(0);
    expect(poller.busy()).toBe(true);
    await clock.advance(5_000);
    expect(batches).toEqual([[1]]);
  });
});

describe("a failed batch", () => {
  it("is tried again from its lowest failed record; what was before it is done", async () => {
    write(3);
    let tries = 0;
    start(() => (++tries === 1 ? failing(3, 2) : done));
    await clock.advance(0);
    expect(saved()?.sequence).toBe("1");
    await clock.advance(10_000);
    expect(batches).toEqual([
      [1, 2, 3],
      [2, 3],
    ]);
    expect(saved()?.sequence).toBe("3");
  });

  it.each([
    ["failed", broken],
    ["named no record of it", failing("none")],
    ["named nothing", { ok: true, payload: { batchItemFailures: [{}] } } as Invocation],
    ["answered nonsense", { ok: true, payload: { batchItemFailures: "all" } } as Invocation],
  ])("is tried again whole when the function %s", async (_, outcome) => {
    write(3);
    let tries = 0;
    start(() => (++tries === 1 ? outcome : done));
    await clock.advance(10_000);
    expect(batches).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it("isn't noticed in a response when partial responses are off", async () => {
    write(3);
    start(() => failing(1), { partialResponses: false });
    await clock.advance(10_000);
    expect(batches).toEqual([[1, 2, 3]]);
  });

  it("is split to isolate the record that fails, which costs no retry", async () => {
    write(4);
    const respond: Respond = (batch) => (batch.includes(3) ? broken : done);
    start(respond, { batchSize: 4, bisect: true, maximumRetries: 1, onFailure: deadLetters });
    await clock.advance(60_000);
    expect(batches).toEqual([[1, 2, 3, 4], [1, 2], [3, 4], [3], [3], [4]]);
    expect(failures).toHaveLength(1);
    expect(saved()?.sequence).toBe("4");
  });

  it("backs off longer with each try, within bounds", async () => {
    write(1);
    const times: number[] = [];
    start(() => {
      times.push(clock.now());
      return times.length < 12 ? broken : done;
    });
    await clock.advance(120_000);
    const pauses = times.slice(1).map((time, index) => time - times[index]!);
    expect(pauses).toHaveLength(11);
    expect(pauses[0]).toBeGreaterThanOrEqual(50);
    expect(pauses[0]).toBeLessThanOrEqual(100);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(10_000);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(5_000);
  });

  it("goes to the onFailure destination after its retries, and the stream goes on", async () => {
    write(4);
    start((batch) => (batch.includes(2) ? broken : done), { maximumRetries: 2, onFailure: deadLetters });
    await clock.advance(60_000);
    expect(batches).toEqual([[1, 2, 3], [1, 2, 3], [1, 2, 3], [4]]);
    expect(failures.map(({ destination }) => destination)).toEqual([deadLetters]);
    expect(JSON.parse(failures[0]!.body)).toMatchObject({
      version: "1.0",
      requestContext: {
        functionArn: arnOf("lambda", "function:relay"),
        condition: "RetryAttemptsExhausted",
        approximateInvokeCount: 3,
      },
      responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
      DDBStreamBatchInfo: {
        shardId: "shard-1",
        startSequenceNumber: "1",
        endSequenceNumber: "3",
        approximateArrivalOfFirstRecord: "2026-01-01T00:00:00Z",
        batchSize: 3,
        streamArn: orders.stream!.arn,
      },
    });
    expect(saved()?.sequence).toBe("4");
    expect(checkpoints.discarded("Relay", 0)).toEqual([{ from: "1", to: "3" }]);
  });

  it("is given up when its records are too old, younger ones aren't", async () => {
    write(2);
    await clock.advance(50_000);
    write(1);
    start((batch) => (batch.length > 1 ? broken : done), { maximumAgeSeconds: 60, onFailure: deadLetters });
    await clock.advance(30_000);
    expect(batches.at(-1)).toEqual([3]);
    expect(JSON.parse(failures[0]!.body)).toMatchObject({
      requestContext: { condition: "RecordAgeExceeded" },
      DDBStreamBatchInfo: { startSequenceNumber: "1", endSequenceNumber: "2" },
    });
  });

  it("is waited for, not counted, while Lambda refuses to run the function", async () => {
    write(1);
    let tries = 0;
    const refuse: Respond = () => {
      if (++tries <= 5) throw Object.assign(new Error("throttled"), { name: "Lambda.TooManyRequestsException" });
      return done;
    };
    start(refuse, { maximumRetries: 1, onFailure: deadLetters });
    await clock.advance(60_000);
    expect(failures).toEqual([]);
    expect(saved()?.sequence).toBe("1");
  });

  it("that is too large for Lambda is split until it fits", async () => {
    write(3);
    const refuse: Respond = (batch) => {
      if (batch.length > 1) throw Object.assign(new Error("large"), { name: "Lambda.RequestTooLargeException" });
      return done;
    };
    start(refuse);
    await clock.advance(0);
    expect(batches).toEqual([[1, 2, 3], [1, 2], [1], [2], [3]]);
  });

  it("is left for the next start when the poller stops meanwhile", async () => {
    write(3);
    const poller = start(() => broken);
    await clock.advance(0);
    await poller.stop();
    expect(saved()?.sequence).toBeNull();
  });
});
