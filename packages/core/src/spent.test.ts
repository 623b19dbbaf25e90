import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { accounting, consume, downstream, note, type Spent } from "./spent.ts";

/** What a unit of work has cost when it ends, and how long it took. */
function spentBy(run: () => Promise<unknown>): Promise<Spent & { durationMs: number }> {
  const startedAt = performance.now();
  return accounting(async (spent) => {
    await run();
    return { ...spent(), durationMs: performance.now() - startedAt };
  });
}

test("of calls at once the time counts once, and a call within a call is a part of it", async () => {
  const { downstreamMs, durationMs } = await spentBy(() =>
    Promise.all([
      downstream(() => sleep(50)),
      downstream(() => downstream(() => sleep(50))),
      downstream(() => sleep(50)),
    ]),
  );
  expect(downstreamMs).toBeGreaterThan(45);
  expect(downstreamMs).toBeLessThanOrEqual(durationMs);
});

test("what is done between two calls is not waiting for others", async () => {
  const { downstreamMs, durationMs } = await spentBy(async () => {
    await downstream(() => sleep(20));
    await sleep(100);
    await downstream(() => sleep(20));
  });
  expect(downstreamMs).toBeGreaterThan(35);
  expect(durationMs - downstreamMs).toBeGreaterThan(95);
});

test("a call that fails has taken its time, and throws what it threw", async () => {
  const failing = async () => {
    await sleep(30);
    throw new Error("no");
  };
  const { downstreamMs } = await spentBy(() => expect(downstream(failing)).rejects.toThrow("no"));
  expect(downstreamMs).toBeGreaterThan(25);
});

test("a call that nobody has waited for counts as far as it has come", async () => {
  let call: Promise<unknown> | undefined;
  const { downstreamMs } = await spentBy(async () => {
    call = downstream(() => sleep(100));
    await sleep(30);
  });
  expect(downstreamMs).toBeGreaterThan(25);
  await call;
});

test("each provider's call is told once", async () => {
  const { asked } = await spentBy(async () => {
    for (const call of ["sandbox.capture", "sandbox.find", "sandbox.capture"]) await downstream(() => sleep(0), call);
    await downstream(() => sleep(0));
  });
  expect(asked).toEqual(["sandbox.capture", "sandbox.find"]);
});

test("units of work that run at once have an account each", async () => {
  const unit = (orderId: string, writeUnits: number) =>
    spentBy(async () => {
      note({ orderId });
      await sleep(5);
      consume({ writeUnits });
      await sleep(5);
      consume({ readUnits: 0.5, writeUnits });
    });
  expect(await Promise.all([unit("a", 1), unit("b", 3)])).toMatchObject([
    { orderId: "a", readUnits: 0.5, writeUnits: 2 },
    { orderId: "b", readUnits: 0.5, writeUnits: 6 },
  ]);
});

test.each([
  [["unchanged"], "unchanged"],
  [["duplicate", "unchanged"], "duplicate"],
  [["new", "unchanged", "duplicate"], "new"],
  [["unchanged", "new"], "new"],
  [["replayed", "new"], "replayed"],
] as const)("of %j the most telling is %s", async (noted, idempotency) => {
  const spent = await spentBy(async () => noted.forEach((one) => void note({ idempotency: one })));
  expect(spent.idempotency).toBe(idempotency);
});

test("outside of a unit of work nothing is kept, and everything works", async () => {
  note({ orderId: "a" });
  consume({ readUnits: 1 });
  expect(await downstream(async () => "answer", "sandbox.find")).toBe("answer");
});
