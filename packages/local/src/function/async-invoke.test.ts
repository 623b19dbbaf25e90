import { beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../clock.ts";
import { seededRandom } from "../random.ts";
import { openStore, type Store } from "../store.ts";
import { arnOf, lambda } from "../test/fixture.ts";
import { type AsyncInvoker, openAsyncInvoker } from "./async-invoke.ts";
import type { Invocation } from "./invocation.ts";

const job = lambda("job", { asynchronous: { maximumRetries: 1, onFailure: arnOf("sqs", "dead") } });
const plain = lambda("plain");
const broken: Invocation = { ok: false, error: { errorType: "Error", errorMessage: "broken" } };

let clock: ManualClock;
let store: Store;
let calls: { event: unknown; atMs: number }[];
let failures: string[];

beforeEach(() => {
  clock = new ManualClock();
  store = openStore(":memory:");
  calls = [];
  failures = [];
});

function open(respond: () => Invocation | Promise<Invocation>): AsyncInvoker {
  return openAsyncInvoker({
    functions: { job, plain },
    store,
    clock,
    random: seededRandom(1),
    async invoke(_, event) {
      calls.push({ event, atMs: clock.now() });
      return respond();
    },
    sendFailure: (_, body) => failures.push(body),
  });
}

describe("an asynchronous invocation", () => {
  it("runs soon, once", async () => {
    const invoker = open(() => ({ ok: true, payload: null }));
    invoker.accept(job.arn, { a: 1 });
    expect(invoker.busy()).toBe(true);
    expect(calls).toEqual([]);
    await clock.advance(3_600_000);
    expect(calls.map(({ event }) => event)).toEqual([{ a: 1 }]);
    expect(invoker.busy()).toBe(false);
  });

  it("is tried again after one minute and after two more by default, then dropped", async () => {
    const startMs = clock.now();
    const invoker = open(() => broken);
    invoker.accept(plain.arn, {});
    await clock.advance(0);
    expect(invoker.busy()).toBe(false);
    await clock.advance(3_600_000);
    expect(calls.map(({ atMs }) => atMs - startMs)).toEqual([0, 60_000, 180_000]);
    expect(failures).toEqual([]);
  });

  it("goes to its onFailure destination with its payload and error", async () => {
    open(() => broken).accept(job.arn, { order: 7 });
    await clock.advance(3_600_000);
    expect(calls).toHaveLength(2);
    expect(failures.map((body) => JSON.parse(body))).toMatchObject([
      {
        requestContext: {
          functionArn: `${job.arn}:$LATEST`,
          condition: "RetriesExhausted",
          approximateInvokeCount: 2,
        },
        requestPayload: { order: 7 },
        responsePayload: { errorMessage: "broken" },
      },
    ]);
  });

  it("waits for a function that has no room, without counting that as a try", async () => {
    let refusals = 3;
    open(() => {
      if (refusals-- > 0) throw new Error("throttled");
      return { ok: true, payload: null };
    }).accept(job.arn, {});
    await clock.advance(60_000);
    expect(calls).toHaveLength(4);
    expect(failures).toEqual([]);
  });

  it("survives a restart", async () => {
    const first = open(() => broken);
    first.accept(plain.arn, { kept: true });
    await clock.advance(0);
    await first.stop();
    const second = open(() => ({ ok: true, payload: null }));
    await clock.advance(60_000);
    expect(calls.map(({ event }) => event)).toEqual([{ kept: true }, { kept: true }]);
    await second.stop();
  });

  it("of a function that doesn't exist is refused", () => {
    expect(() => open(() => broken).accept(arnOf("lambda", "function:none"), {})).toThrow(
      expect.objectContaining({ name: "NoSuchTargetError" }),
    );
  });
});
