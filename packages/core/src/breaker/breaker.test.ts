import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { newId } from "@cartwright/events";
import { Resource } from "sst";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { setClock } from "../clock.ts";
import { CircuitOpenError, ContentionError, DomainError, InvalidError, UnavailableError } from "../error.ts";
import { type Metric, setMetricSink } from "../metric.ts";
import { breakerEntity, dynamoBreakerStore } from "./breaker.entity.ts";
import { type Breaker, createBreaker, type Options, TimeLimitError } from "./breaker.ts";
import { total } from "./circuit.ts";
import type { Store } from "./shared.ts";

let atMs: number;
let metrics: Metric[];

beforeEach(() => {
  atMs = Date.now();
  metrics = [];
  onTestFinished(setClock(() => atMs));
  onTestFinished(setMetricSink((metric) => metrics.push(metric)));
});

const table = () => Resource.PaymentTable.name;
const stored = () => dynamoBreakerStore("payment", table());
/** Waits longer for the store than a busy test machine takes. */
const patient: Partial<Options> = { storeLimitMs: 10_000 };

/** As many instances as are asked for, that have nothing in common but their name and the table. */
function createInstances(count: number, options: Partial<Options> = {}, store = stored()): [Breaker, ...Breaker[]] {
  const name = newId("req");
  const create = () => createBreaker({ name, store, options: { ...patient, ...options } });
  return [create(), ...Array.from({ length: count - 1 }, create)];
}

const down = new UnavailableError("the provider is down");
const ok = async () => "ok";
const fail = async () => {
  throw down;
};

async function failOn(breaker: Breaker, times: number) {
  for (let call = 0; call < times; call++) await expect(breaker.run(fail)).rejects.toBe(down);
}

async function createOpen(count = 1, options: Partial<Options> = {}) {
  const instances = createInstances(count, options);
  await failOn(instances[0], 10);
  return instances;
}

/** Beyond what an instance may go by without looking again. */
function passCache() {
  atMs += 1000;
}

const named = (name: string) => metrics.filter((metric) => metric.name === name);

/** Counts what reaches the table, and can be cut off from it. */
function createWatched() {
  const { read, write } = stored();
  const watched = { reads: 0, writes: 0, cut: false };
  const reach = <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>, count: () => void) => {
    return async (...args: Args) => {
      if (watched.cut) throw new Error("the connection is gone");
      count();
      return call(...args);
    };
  };
  const store: Store = { read: reach(read, () => watched.reads++), write: reach(write, () => watched.writes++) };
  return { watched, store };
}

describe("closed", () => {
  test("more than half of at least ten calls have to fail, and then no call is made", async () => {
    const [breaker] = createInstances(1);
    await failOn(breaker, 9);
    expect(await breaker.state()).toEqual({ state: "closed" });
    await failOn(breaker, 1);
    expect(await breaker.state()).toEqual({ state: "open", retryAfterSeconds: 15 });
    let calls = 0;
    const call = breaker.run(async () => calls++);
    await expect(call).rejects.toMatchObject({
      name: "CircuitOpenError",
      code: "circuit_open",
      kind: "unavailable",
      retryAfterSeconds: 15,
    });
    expect(calls).toBe(0);
  });

  test("successes of the same instance are weighed against its failures, though they cost no write", async () => {
    const [breaker] = createInstances(1);
    for (let call = 0; call < 10; call++) await breaker.run(ok);
    await failOn(breaker, 10);
    expect(await breaker.state()).toEqual({ state: "closed" });
    await failOn(breaker, 1);
    expect(await breaker.state()).toMatchObject({ state: "open" });
  });

  test.each([
    new DomainError("conflict", "payment_declined", "the card was declined"),
    new InvalidError("bad_amount", "no such amount"),
    new ContentionError("an order"),
  ])("an answer of the business never counts: $name", async (refusal) => {
    const [breaker] = createInstances(1);
    for (let call = 0; call < 20; call++) {
      await expect(breaker.run(() => Promise.reject(refusal))).rejects.toBe(refusal);
    }
    expect(await breaker.state()).toEqual({ state: "closed" });
  });

  test("an error that nobody has foreseen counts", async () => {
    const [breaker] = createInstances(1);
    for (let call = 0; call < 10; call++) {
      const broken = breaker.run(() => {
        throw new TypeError("undefined is not a function");
      });
      await expect(broken).rejects.toThrow(TypeError);
    }
    expect(await breaker.state()).toMatchObject({ state: "open" });
  });

  test("calls whose success does not count don't hide failures", async () => {
    const [breaker] = createInstances(1);
    for (let call = 0; call < 50; call++) await breaker.run(ok, { successCounts: false });
    await failOn(breaker, 10);
    expect(await breaker.state()).toMatchObject({ state: "open" });
  });

  test("as long as all goes well nothing is written, and reads are a second apart", async () => {
    const { watched, store } = createWatched();
    const [breaker] = createInstances(1, {}, store);
    for (let call = 0; call < 100; call++) {
      await breaker.run(ok);
      atMs += 100;
    }
    expect(watched).toMatchObject({ reads: 10, writes: 0 });
    expect(metrics).toEqual([]);
  });

  test("at the same time, calls share a read", async () => {
    const { watched, store } = createWatched();
    const [breaker] = createInstances(1, {}, store);
    await Promise.all(Array.from({ length: 50 }, () => breaker.run(ok)));
    expect(watched).toMatchObject({ reads: 1, writes: 0 });
  });
});

describe("shared", () => {
  test("failures of several instances add up, and what one has opened is open for all", async () => {
    const instances = createInstances(5);
    for (const instance of instances) await failOn(instance, 2);
    passCache();
    for (const instance of instances) {
      expect(await instance.state()).toMatchObject({ state: "open" });
      await expect(instance.run(ok)).rejects.toThrow(CircuitOpenError);
    }
    expect(named("BreakerTransition")).toMatchObject([{ value: 1, dimensions: { to: "open" } }]);
    expect(named("BreakerRejected").length).toBe(5);
  });

  test("failures at the same time are all counted, once each", async () => {
    const name = newId("req");
    const options = { ...patient, minimumCalls: 1000 };
    const instances = Array.from({ length: 15 }, () => createBreaker({ name, store: stored(), options }));
    await Promise.all(instances.flatMap((instance) => [instance.run(fail), instance.run(fail)].map(rejected)));
    // Those who met others too often kept their count for the next time.
    for (const instance of instances) await instance.run(ok);
    const { data } = await breakerEntity("payment", table()).get({ name }).go({ consistent: true });
    expect(total(data!.recent, "failures")).toBe(30);
  });

  test("a failure that others kept from being written is written with the next call", async () => {
    const store = stored();
    let outdone = true;
    const write: Store["write"] = async (...args) => !outdone && store.write(...args);
    const [breaker, other] = createInstances(2, { minimumCalls: 2 }, { ...store, write });
    await failOn(breaker, 1);
    expect(await other!.state()).toEqual({ state: "closed" });
    outdone = false;
    await failOn(breaker, 1);
    passCache();
    expect(await other!.state()).toMatchObject({ state: "open" });
  });

  test("a read that was overtaken by a write of the same instance is forgotten", async () => {
    const store = stored();
    let held: Promise<unknown> = Promise.resolve();
    const read: Store["read"] = async (name) => {
      const answer = await store.read(name);
      await held;
      return answer;
    };
    const [breaker] = createInstances(1, { minimumCalls: 1 }, { ...store, read });
    const late = createLate();
    const failing = rejected(breaker.run(() => late.answer));
    await breaker.run(ok, { successCounts: false });
    passCache();
    const release = createLate();
    held = rejected(release.answer);
    const call = rejected(breaker.run(ok));
    late.fail();
    await failing;
    release.fail();
    expect(await call).toBeInstanceOf(CircuitOpenError);
  });

  test("once others fail, successes are shared in batches", async () => {
    const { watched, store } = createWatched();
    const [failing, ...others] = createInstances(3, {}, store);
    for (const other of others) for (let call = 0; call < 19; call++) await other.run(ok);
    await failOn(failing, 9);
    passCache();
    const before = watched.writes;
    for (const other of others) await other.run(ok);
    expect(watched.writes - before).toBe(2);
    await failOn(failing, 30);
    expect(await failing.state()).toEqual({ state: "closed" });
    await failOn(failing, 2);
    expect(await failing.state()).toMatchObject({ state: "open" });
  });

  test("a few successes are shared after a few seconds", async () => {
    const { watched, store } = createWatched();
    const [failing, other] = createInstances(2, {}, store);
    await failOn(failing, 1);
    await other!.run(ok);
    expect(watched.writes).toBe(1);
    atMs += 5000;
    await other!.run(ok);
    expect(watched.writes).toBe(2);
  });
});

describe("open", () => {
  const pausePasses = (seconds = 15) => {
    atMs += seconds * 1000;
  };

  test("one call among twenty instances finds out, and its success closes it for all", async () => {
    const instances = await createOpen(20);
    pausePasses();
    let calls = 0;
    const refusals: unknown[] = [];
    const everybodyAsked = new EventEmitter();
    const call = async () => {
      calls++;
      await once(everybodyAsked, "now");
    };
    const asked = instances.flatMap((instance) => [instance.run(call), instance.run(call)]).map(rejected);
    for (const one of asked) void one.then((error) => error && refusals.push(error));
    await expect.poll(() => refusals.length, { timeout: 10_000 }).toBe(39);
    everybodyAsked.emit("now");
    await Promise.all(asked);
    expect(calls).toBe(1);
    expect(refusals.every((error) => error instanceof CircuitOpenError)).toBe(true);
    passCache();
    for (const instance of instances) expect(await instance.run(ok)).toBe("ok");
    expect(named("BreakerTransition").map(({ dimensions }) => dimensions.to)).toEqual(["open", "half-open", "closed"]);
    expect(named("BreakerState").at(-1)).toMatchObject({ value: 0, unit: "None" });
  });

  test("a probe that fails opens it again for twice as long", async () => {
    const [breaker, other] = await createOpen(2);
    pausePasses();
    await failOn(breaker, 1);
    expect(await breaker.state()).toEqual({ state: "open", retryAfterSeconds: 30 });
    pausePasses(29);
    await expect(other!.run(ok)).rejects.toMatchObject({ retryAfterSeconds: 1 });
    pausePasses(1);
    expect(await other!.run(ok)).toBe("ok");
    expect(named("BreakerTransition").map(({ dimensions }) => dimensions.to)).toEqual([
      "open",
      "half-open",
      "open",
      "half-open",
      "closed",
    ]);
  });

  test("a probe that is refused by the business proves that it is well", async () => {
    const [breaker] = await createOpen();
    pausePasses();
    const declined = new DomainError("conflict", "payment_declined", "the card was declined");
    await expect(breaker.run(() => Promise.reject(declined))).rejects.toBe(declined);
    expect(await breaker.state()).toEqual({ state: "closed" });
  });

  test("a probe whose function died blocks the others no longer than its lease", async () => {
    const [dying, other] = await createOpen(2);
    pausePasses();
    const late = createLate();
    const probe = rejected(dying.run(() => late.answer));
    await expect.poll(() => dying.state()).toMatchObject({ state: "half-open", retryAfterSeconds: 6 });
    await expect(other!.run(ok)).rejects.toMatchObject({ retryAfterSeconds: 6 });
    pausePasses(6);
    expect(await other!.run(ok)).toBe("ok");
    expect(await other!.state()).toEqual({ state: "closed" });
    late.fail();
    await probe;
  });

  test("a probe that answers after its lease is not heard", async () => {
    const [slow, other] = await createOpen(2);
    pausePasses();
    const late = createLate();
    const probe = rejected(slow.run(() => late.answer));
    await expect.poll(() => slow.state()).toMatchObject({ state: "half-open" });
    pausePasses(6);
    await failOn(other!, 1);
    late.fail();
    await probe;
    expect(await slow.state()).toEqual({ state: "open", retryAfterSeconds: 30 });
  });

  test("what began before it opened and fails after changes nothing", async () => {
    const [breaker] = createInstances(1);
    const late = createLate();
    const call = rejected(breaker.run(() => late.answer));
    await failOn(breaker, 10);
    pausePasses();
    late.fail();
    await call;
    expect(await breaker.state()).toEqual({ state: "half-open", retryAfterSeconds: 0 });
  });
});

describe("without its store", () => {
  test("calls go on by what the instance itself sees, and it says so", async () => {
    const breaker = createBreaker({
      name: "lost",
      store: dynamoBreakerStore("payment", "no-such-table"),
      options: patient,
    });
    expect(await breaker.run(ok)).toBe("ok");
    expect(named("BreakerStoreAway")).toMatchObject([
      { value: 1, dimensions: { breaker: "lost", error: "ResourceNotFoundException" } },
    ]);
    await failOn(breaker, 9);
    await expect(breaker.run(ok)).rejects.toThrow(CircuitOpenError);
    atMs += 15_000;
    const probes = [breaker.run(ok), breaker.run(ok)].map(rejected);
    expect((await Promise.all(probes)).filter((error) => error instanceof CircuitOpenError).length).toBe(1);
    expect(await breaker.run(ok)).toBe("ok");
  });

  test("one that is lost in the middle is gone by as it was, and again when it is back", async () => {
    const { watched, store } = createWatched();
    const [breaker, other] = createInstances(2, {}, store);
    await failOn(breaker, 10);
    watched.cut = true;
    passCache();
    await expect(breaker.run(ok)).rejects.toThrow(CircuitOpenError);
    watched.cut = false;
    atMs += 15_000;
    expect(await other!.run(ok)).toBe("ok");
    expect(await breaker.run(ok)).toBe("ok");
  });

  test("one that does not answer is not waited for", async () => {
    const hanging: Store = { read: () => new Promise(() => {}), write: () => new Promise(() => {}) };
    const breaker = createBreaker({ name: "hanging", store: hanging, options: { storeLimitMs: 20 } });
    const startedAt = performance.now();
    expect(await breaker.run(ok)).toBe("ok");
    await failOn(breaker, 1);
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(named("BreakerStoreAway").length).toBe(2);
  });
});

describe("the time limit", () => {
  test("a call that takes too long fails, is told to stop, and counts", async () => {
    const [breaker] = createInstances(1, { timeLimitMs: 10, minimumCalls: 2 });
    const signals: AbortSignal[] = [];
    for (let call = 0; call < 2; call++) {
      const slow = breaker.run((signal) => {
        signals.push(signal);
        return new Promise(() => {});
      });
      await expect(slow).rejects.toThrow(TimeLimitError);
    }
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(await breaker.state()).toMatchObject({ state: "open" });
  });

  test("what an abandoned call comes to later harms nobody", async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", listen);
    onTestFinished(() => {
      process.off("unhandledRejection", listen);
    });
    const [breaker] = createInstances(1, { timeLimitMs: 10 });
    const late = createLate();
    await expect(breaker.run(() => late.answer)).rejects.toThrow(TimeLimitError);
    late.fail();
    await sleep(20);
    expect(unhandled).toEqual([]);
  });

  test("a call in time is not told to stop afterwards", async () => {
    const [breaker] = createInstances(1);
    const signal = await breaker.run(async (given) => given);
    expect(signal.aborted).toBe(false);
  });
});

/** An answer that fails when it is told to. */
function createLate() {
  const late = { fail: () => {}, answer: Promise.resolve("ok") };
  late.answer = new Promise((_resolve, reject) => {
    late.fail = () => reject(down);
  });
  return late;
}

/** What a call fails with, if it does. */
function rejected(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error) => error,
  );
}
