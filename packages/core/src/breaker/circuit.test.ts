import { beforeEach, expect, onTestFinished, test } from "vitest";
import { setClock } from "../clock.ts";
import { type Circuit, counted, probed, defaultRules as rules, tallied } from "./circuit.ts";

let atMs: number;

beforeEach(() => {
  atMs = Date.parse("2030-01-01T00:00:00Z");
  onTestFinished(setClock(() => atMs));
});

const closed: Circuit = { recent: [] };
const fail = (circuit: Circuit, times = 1) => counted(circuit, [], times, rules);
const succeed = (circuit: Circuit, times: number) => counted(circuit, successes(times), 0, rules);

function successes(times: number) {
  return Array.from({ length: times }).reduce<Circuit["recent"]>((sum) => tallied(sum, "success", rules), []);
}

test("it opens at the tenth call of the window, and not before", async () => {
  const nine = await fail(closed, 9);
  expect(nine.open).toBeUndefined();
  expect((await fail(nine)).open).toEqual({ attempt: 1, nextTryAtMs: atMs + 15_000, probing: false });
});

test("half of the calls may fail, and not one more", async () => {
  const half = await fail(await succeed(closed, 10), 10);
  expect(half.open).toBeUndefined();
  expect((await fail(half)).open).toBeDefined();
});

test("many failures at once open it once", async () => {
  expect((await fail(closed, 50)).open).toMatchObject({ attempt: 1 });
});

test("the window slides by time, however rare calls are", async () => {
  let circuit = closed;
  for (let call = 0; call < 40; call++) {
    circuit = await fail(circuit);
    expect(circuit.open).toBeUndefined();
    expect(circuit.recent.length).toBeLessThanOrEqual(10);
    atMs += 4_000;
  }
});

test("failures that have left the window count no more", async () => {
  const nine = await fail(closed, 9);
  atMs += 30_000;
  expect(await fail(nine)).toMatchObject({ recent: [{ failures: 1 }] });
});

test("successes that were had earlier are counted when they were", async () => {
  const earlier = successes(12);
  atMs += 15_000;
  const circuit = await counted(closed, earlier, 10, rules);
  expect(circuit.open).toBeUndefined();
  atMs += 14_000;
  expect((await fail(circuit)).open).toBeUndefined();
  atMs += 1_000;
  expect((await fail(circuit)).open).toBeDefined();
});

test("each probe that fails doubles the pause, up to two minutes; one that succeeds forgets it all", async () => {
  let circuit = await fail(closed, 10);
  const pausesSeconds: number[] = [];
  for (let attempt = 1; attempt < 7; attempt++) {
    pausesSeconds.push((circuit.open!.nextTryAtMs - atMs) / 1000);
    atMs = circuit.open!.nextTryAtMs;
    circuit = await probed(circuit, "failure", rules);
    expect(circuit.open).toMatchObject({ attempt: attempt + 1, probing: false });
  }
  expect(pausesSeconds).toEqual([15, 30, 60, 120, 120, 120]);
  const recovered = await probed(circuit, "success", rules);
  expect(recovered).toEqual({ recent: [{ fromMs: expect.any(Number), failures: 0, successes: 1 }] });
  expect((await fail(recovered, 9)).open).toMatchObject({ attempt: 1, nextTryAtMs: atMs + 15_000 });
});
