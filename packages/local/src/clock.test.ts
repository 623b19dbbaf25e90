import { describe, expect, it } from "vitest";
import { ManualClock, SkippingClock, systemClock } from "./clock.ts";
import { seededRandom } from "./random.ts";

describe("the manual clock", () => {
  it("runs due timers in order of time, and of creation within one time", async () => {
    const clock = new ManualClock(0);
    const ran: string[] = [];
    clock.setTimer(20, () => ran.push(`late at ${clock.now()}`));
    clock.setTimer(10, () => ran.push(`first at ${clock.now()}`));
    clock.setTimer(10, () => ran.push(`second at ${clock.now()}`));
    clock.setTimer(21, () => ran.push("not yet"));
    await clock.advance(20);
    expect(ran).toEqual(["first at 10", "second at 10", "late at 20"]);
    expect(clock.now()).toBe(20);
    expect(clock.pendingTimers).toBe(1);
  });

  it("runs timers that a due timer's promises set", async () => {
    const clock = new ManualClock(0);
    const times: number[] = [];
    const loop = async () => {
      for (let turn = 0; turn < 3; turn++) {
        await clock.sleep(100);
        times.push(clock.now());
      }
    };
    await clock.finish(loop());
    expect(times).toEqual([100, 200, 300]);
  });

  it("never runs a cancelled timer", async () => {
    const clock = new ManualClock(0);
    const timer = clock.setTimer(10, () => expect.unreachable());
    timer.cancel();
    await clock.advance(100);
  });

  it("says so when work can't finish", async () => {
    const clock = new ManualClock(0);
    await expect(clock.finish(new Promise(() => {}))).rejects.toThrow("no timer is left");
    await expect(clock.finish(clock.sleep(1000), 10)).rejects.toThrow("not done after 10 ms");
  });
});

describe("the system clock", () => {
  it("runs a timer no earlier than it was set for, and never within the call that set it", async () => {
    const atMs = systemClock.now() + 5;
    let ranAtMs = 0;
    await new Promise<void>((resolve) => {
      systemClock.setTimer(0, () => {
        ranAtMs = -1;
      });
      expect(ranAtMs).toBe(0);
      systemClock.setTimer(atMs, () => {
        ranAtMs = systemClock.now();
        resolve();
      });
    });
    expect(ranAtMs).toBeGreaterThanOrEqual(atMs);
  });
});

describe.each([
  ["the system clock", () => systemClock],
  ["the manual clock", () => new ManualClock()],
])("a sleep on %s", (_, make) => {
  it("rejects with the reason when aborted, and at once when it already was", async () => {
    const clock = make();
    const controller = new AbortController();
    const sleeping = clock.sleep(3_600_000, controller.signal);
    controller.abort(new Error("enough"));
    await expect(sleeping).rejects.toThrow("enough");
    await expect(clock.sleep(1, controller.signal)).rejects.toThrow("enough");
  });
});

describe.each([
  ["the system clock", () => systemClock],
  ["the manual clock", () => new ManualClock()],
  ["the skipping clock", () => new SkippingClock()],
])("%s", (_, make) => {
  it("is behind while a timer is due and has neither run nor been cancelled", async () => {
    const clock = make();
    const later = clock.setTimer(clock.now() + 3_600_000, () => expect.unreachable());
    expect(clock.isBehind()).toBe(false);
    const ran = new Promise<void>((resolve) => clock.setTimer(clock.now(), resolve));
    expect(clock.isBehind()).toBe(true);
    if (clock instanceof ManualClock) await clock.advance(0);
    await ran;
    expect(clock.isBehind()).toBe(false);
    const cancelled = clock.setTimer(clock.now(), () => expect.unreachable());
    expect(clock.isBehind()).toBe(true);
    cancelled.cancel();
    expect(clock.isBehind()).toBe(false);
    later.cancel();
  });
});

describe("seeded randomness", () => {
  it("repeats for a seed and differs between seeds", () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed);
      return [random.next(), random.next(), random.uuid()];
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it("stays in [0, 1) and spreads evenly", () => {
    const random = seededRandom(7);
    const drawn = Array.from({ length: 10_000 }, () => random.next());
    expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
    const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
  });

  it("makes well-formed version 4 UUIDs", () => {
    expect(seededRandom(1).uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe("the skipping clock", () => {
  it("goes with real time, and further by what is skipped", () => {
    const clock = new SkippingClock();
    const startMs = Date.now();
    clock.skip(3_600_000);
    expect(clock.now()).toBeGreaterThanOrEqual(startMs + 3_600_000);
    expect(clock.now()).toBeLessThan(startMs + 3_660_000);
  });

  it("runs at once, in order, what has fallen due, and keeps the rest", async () => {
    const clock = new SkippingClock();
    const ran: string[] = [];
    const at = (ms: number, name: string) => clock.setTimer(clock.now() + ms, () => ran.push(name));
    at(120_000, "second");
    at(60_000, "first");
    const later = at(86_400_000, "later");
    at(90_000, "cancelled").cancel();
    const slept = clock.sleep(150_000);
    clock.skip(200_000);
    expect(ran).toEqual([]);
    await slept;
    expect(ran).toEqual(["first", "second"]);
    later.cancel();
  });

  it("doesn't put off what is due already when it is skipped again", async () => {
    const clock = new SkippingClock();
    const ran: string[] = [];
    clock.setTimer(clock.now() + 60_000, () => ran.push("due"));
    clock.skip(61_000);
    expect(clock.isBehind()).toBe(true);
    const behindIt = new Promise((resolve) => setTimeout(resolve));
    clock.skip(61_000);
    await behindIt;
    expect(ran).toEqual(["due"]);
  });

  it("wakes a sleeper that is aborted, with the reason", async () => {
    const controller = new AbortController();
    const sleeping = new SkippingClock().sleep(60_000, controller.signal);
    controller.abort(new Error("enough"));
    await expect(sleeping).rejects.toThrow("enough");
  });
});
