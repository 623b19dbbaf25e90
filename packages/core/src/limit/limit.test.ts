import { newId } from "@cartwright/events";
import { Resource } from "sst";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { setClock } from "../clock.ts";
import { TooManyRequestsError, UnavailableError } from "../error.ts";
import { type Counter, dynamoCounter, type Limit, Limiter } from "./limit.ts";

let atMs: number;
beforeEach(() => {
  atMs = Math.ceil(Date.now() / 60_000) * 60_000;
  onTestFinished(setClock(() => atMs));
});

const tables = [
  ["user", () => Resource.UserTable.name],
  ["inventory", () => Resource.InventoryTable.name],
  ["order", () => Resource.OrderTable.name],
  ["payment", () => Resource.PaymentTable.name],
  ["ops", () => Resource.ReplayRecords.name],
] as const;

const lenient: Limit = { name: "customer", most: 40, exact: false };
const exact: Limit = { name: "guess", most: 5, exact: true };

/** Instances with nothing in common but the table; `writes` counts what reaches it. */
function createInstances(count: number, maximumCallers?: number) {
  const real = dynamoCounter("user", Resource.UserTable.name);
  const watched = { writes: 0, cut: false, missed: [] as unknown[] };
  const counter: Counter = {
    add(...args) {
      if (watched.cut) throw new UnavailableError("the table is away");
      watched.writes++;
      return real.add(...args);
    },
  };
  const options = {
    ...(maximumCallers && { maximumCallers }),
    // Longer than a busy test machine takes.
    counterLimitMs: 10_000,
    onAway: (error: unknown) => watched.missed.push(error),
  };
  return { watched, instances: Array.from({ length: count }, () => new Limiter(() => counter, options)) };
}

async function passed(limiters: Limiter[], limit: Limit, times: number, caller = newId("usr")): Promise<number> {
  let count = 0;
  for (let time = 0; time < times; time++) {
    const call = limiters[time % limiters.length]!.count(caller, limit);
    await call.then(() => count++).catch(expectRefusal);
  }
  return count;
}

function expectRefusal(error: unknown) {
  expect(error).toBeInstanceOf(TooManyRequestsError);
}

test("who keeps within a tenth of the limit costs no write", async () => {
  const { watched, instances } = createInstances(1);
  expect(await passed(instances, lenient, 4)).toBe(4);
  expect(watched.writes).toBe(0);
});

test("a flood costs a write per share, and none once it is refused", async () => {
  const { watched, instances } = createInstances(1);
  const caller = newId("usr");
  expect(await passed(instances, lenient, 100, caller)).toBe(40);
  expect(watched.writes).toBe(10);
  expect(await passed(instances, lenient, 1000, caller)).toBe(0);
  expect(watched.writes).toBe(10);
});

test("instances count together: they let a share each pass beyond the limit at most", async () => {
  const { instances } = createInstances(5);
  const count = await passed(instances, lenient, 200);
  expect(count).toBeGreaterThanOrEqual(36);
  expect(count).toBeLessThanOrEqual(40 + 5 * 4);
});

test("at the same time, too", async () => {
  const { instances } = createInstances(4);
  const caller = newId("usr");
  const calls = Array.from({ length: 200 }, (_, index) => instances[index % 4]!.count(caller, lenient));
  const count = (await Promise.allSettled(calls)).filter(({ status }) => status === "fulfilled").length;
  expect(count).toBeGreaterThanOrEqual(32);
  expect(count).toBeLessThanOrEqual(40 + 4 * 4);
});

test("what is exact lets as many pass as it says, in however many instances and at once", async () => {
  const { watched, instances } = createInstances(3);
  const caller = newId("usr");
  const calls = Array.from({ length: 30 }, (_, index) => instances[index % 3]!.count(caller, exact));
  const settled = await Promise.allSettled(calls);
  expect(settled.filter(({ status }) => status === "fulfilled").length).toBe(5);
  expect(watched.writes).toBe(5 + 3);
});

test("a refusal says when the minute is over, and then it is", async () => {
  const { instances } = createInstances(2);
  const caller = newId("usr");
  atMs += 20_500;
  await passed(instances, exact, 5, caller);
  await expect(instances[0]!.count(caller, exact)).rejects.toMatchObject({
    name: "TooManyRequestsError",
    kind: "too_many",
    code: "rate_limited",
    retryAfterSeconds: 40,
  });
  atMs += 39_499;
  await expect(instances[0]!.count(caller, exact)).rejects.toMatchObject({ retryAfterSeconds: 1 });
  atMs += 1;
  expect(await passed(instances, exact, 10, caller)).toBe(5);
});

test("callers, and the names of limits, are counted apart", async () => {
  const { instances } = createInstances(1);
  const caller = newId("usr");
  await passed(instances, exact, 6, caller);
  expect(await passed(instances, exact, 5)).toBe(5);
  expect(await passed(instances, { ...exact, name: "guessOfOne" }, 5, caller)).toBe(5);
});

test("while the table is away, each instance goes by what it has counted itself", async () => {
  const { watched, instances } = createInstances(1);
  const caller = newId("usr");
  watched.cut = true;
  expect(await passed(instances, exact, 8, caller)).toBe(5);
  expect(watched.missed.length).toBe(5);
  expect(watched.missed[0]).toBeInstanceOf(UnavailableError);
});

test("and once it is back, what it missed is counted", async () => {
  const { watched, instances } = createInstances(2);
  const caller = newId("usr");
  watched.cut = true;
  await passed(instances.slice(0, 1), exact, 2, caller);
  watched.cut = false;
  expect(await passed(instances, exact, 8, caller)).toBe(3);
});

test("a table that does not answer in time lets calls pass, too", async () => {
  const missed: unknown[] = [];
  const silent: Counter = { add: () => new Promise(() => {}) };
  const limiter = new Limiter(() => silent, { counterLimitMs: 5, onAway: (error) => missed.push(error) });
  await limiter.count(newId("usr"), exact);
  expect(missed.length).toBe(1);
});

test("of more callers than there is room for, those who called last are remembered", async () => {
  const { watched, instances } = createInstances(1, 2);
  const [first, second, third] = [newId("usr"), newId("usr"), newId("usr")];
  for (const caller of [first, second]) await passed(instances, exact, 6, caller);
  await passed(instances, exact, 1, first);
  await passed(instances, exact, 1, third);
  const before = watched.writes;
  await passed(instances, exact, 1, first);
  expect(watched.writes).toBe(before);
  // The one who was forgotten is refused by the table.
  expect(await passed(instances, exact, 1, second)).toBe(0);
});

test.each(tables)("the table of %s counts", async (service, name) => {
  const counter = dynamoCounter(service, name());
  const caller = newId("usr");
  const [first, second] = [0, 60_000].map((after) => ({ startsAtMs: atMs + after, endsAtMs: atMs + after + 60_000 }));
  expect(await counter.add(caller, first!, 2, 3)).toBe(true);
  expect(await counter.add(caller, first!, 2, 3)).toBe(false);
  expect(await counter.add(caller, first!, 1, 3)).toBe(true);
  expect(await counter.add(caller, second!, 3, 3)).toBe(true);
});

test("a limit may be for an hour, beside others for a minute", async () => {
  const { instances } = createInstances(2);
  atMs = Math.ceil(atMs / 3_600_000) * 3_600_000;
  const hourly: Limit = { name: "emailsToOnePerHour", most: 2, minutes: 60, exact: true };
  const caller = newId("usr");
  expect(await passed(instances, hourly, 3, caller)).toBe(2);
  atMs += 59 * 60_000;
  expect(await passed(instances, exact, 6, caller)).toBe(5);
  await expect(instances[0]!.count(caller, hourly)).rejects.toMatchObject({ retryAfterSeconds: 60 });
  atMs += 60_000;
  expect(await passed(instances, hourly, 3, caller)).toBe(2);
});
