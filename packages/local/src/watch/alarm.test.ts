import type { Alarm, CompositeAlarm } from "@cartwright/topology";
import { describe, expect, it } from "vitest";
import { ManualClock, SkippingClock } from "../clock.ts";
import { account, arnOf, region } from "../test/fixture.ts";
import { type AlarmStatus, startAlarms } from "./alarm.ts";
import { createMetricStore, minuteMs } from "./metric-store.ts";

const topic = arnOf("sns", "alarms");

function faults(overrides: Partial<Alarm> = {}): Alarm {
  return {
    name: "shop-faults",
    namespace: "Shop",
    metric: "Faults",
    dimensions: {},
    statistic: "Sum",
    comparison: "GreaterThanThreshold",
    threshold: 2,
    periodSeconds: 60,
    evaluationPeriods: 1,
    datapointsToAlarm: 1,
    treatMissingData: "notBreaching",
    actions: [topic],
    okActions: [topic],
    ...overrides,
  };
}

function composite(rule: string, name = "shop-both"): CompositeAlarm {
  return { name, rule, actions: [topic], okActions: [topic] };
}

interface Parts {
  alarms?: Record<string, Alarm>;
  compositeAlarms?: Record<string, CompositeAlarm>;
  clock?: ManualClock | SkippingClock;
  /** What a look at a queue tells. */
  level?: () => number;
}

function start({ alarms = { Faults: faults() }, compositeAlarms = {}, clock = new ManualClock(), level }: Parts = {}) {
  const store = createMetricStore();
  const told: string[] = [];
  const put = (metric: string, value: number, atMs = clock.now()) =>
    store.put({ namespace: "Shop", metric, dimensions: {} }, value, atMs);
  const started = startAlarms({
    topology: { alarms, compositeAlarms, account, region },
    metrics: store,
    clock,
    sample: () => {
      const value = level?.();
      return (atMs) => (value === undefined ? undefined : put("Level", value, atMs));
    },
    onChange: ({ name, state }: AlarmStatus) => told.push(`${name} ${state}`),
  });
  const states = () => Object.fromEntries(started.list().map(({ name, state }) => [name, state]));
  return { put, told, states, list: started.list, stop: started.stop, clock };
}

async function minutes({ clock }: { clock: ManualClock | SkippingClock }, count: number): Promise<void> {
  if (clock instanceof ManualClock) return clock.advance(count * minuteMs);
  clock.skip(count * minuteMs);
  while (clock.isBehind()) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe("an alarm", () => {
  it("is in order at the start, which nobody is told", () => {
    const { states, told, stop } = start();
    expect(states()).toEqual({ Faults: "OK" });
    expect(told).toEqual([]);
    stop();
  });

  it("goes off by the minute that has ended, and is over when the values are", async () => {
    const alarms = start();
    const { put, told, states, list, clock } = alarms;
    put("Faults", 2);
    put("Faults", 1);
    expect(states()).toEqual({ Faults: "OK" });
    await minutes(alarms, 1);
    expect(list()).toMatchObject([{ name: "Faults", state: "ALARM", sinceMs: clock.now() }]);
    expect(list()[0]!.reason).toContain("3 (goes off at 1 of 1 > 2)");
    put("Faults", 2);
    await minutes(alarms, 1);
    expect(told).toEqual(["Faults ALARM", "Faults OK"]);
    alarms.stop();
    expect((clock as ManualClock).pendingTimers).toBe(0);
  });

  it("adds up a longer period anew each minute", async () => {
    const alarms = start({ alarms: { Faults: faults({ periodSeconds: 300 }) } });
    for (const expected of ["OK", "OK", "ALARM", "ALARM"]) {
      alarms.put("Faults", 1);
      await minutes(alarms, 1);
      expect(alarms.states()).toEqual({ Faults: expected });
    }
  });

  it("that is made up for after hours has gone off and is over meanwhile", async () => {
    const alarms = start({ clock: new SkippingClock() });
    alarms.put("Faults", 3);
    await minutes(alarms, 26 * 60);
    expect(alarms.told).toEqual(["Faults ALARM", "Faults OK"]);
    alarms.stop();
  });

  it("on what one has to look at stays on through the hours that nobody looked", async () => {
    const Level = faults({ metric: "Level", threshold: 0, statistic: "Maximum" });
    let level = 1;
    const alarms = start({ alarms: { Level }, clock: new SkippingClock(), level: () => level });
    expect(alarms.told).toEqual(["Level ALARM"]);
    await minutes(alarms, 26 * 60);
    expect(alarms.told).toEqual(["Level ALARM"]);
    level = 0;
    await minutes(alarms, 1);
    expect(alarms.told).toEqual(["Level ALARM", "Level OK"]);
    alarms.stop();
  });

  it("that tells nobody is seen all the same", async () => {
    const alarms = start({ alarms: { Faults: faults({ actions: [], okActions: [] }) } });
    alarms.put("Faults", 3);
    await minutes(alarms, 1);
    expect(alarms.states()).toEqual({ Faults: "ALARM" });
    expect(alarms.told).toEqual([]);
  });

  it("with a period of seconds is refused by name", () => {
    expect(() => start({ alarms: { Faults: faults({ periodSeconds: 10 }) } })).toThrow("Faults has a period of 10 s");
  });
});

describe("a composite alarm", () => {
  const Others = faults({ name: "shop-others", metric: "Others" });

  it("goes off with the last of its parts, in the same minute, and is over with the first", async () => {
    const both = `ALARM("shop-faults") AND ALARM("arn:aws:cloudwatch:${region}:${account}:alarm:shop-others")`;
    const compositeAlarms = { Twice: composite('NOT OK("shop-both")', "shop-twice"), Both: composite(both) };
    const alarms = start({ alarms: { Faults: faults(), Others }, compositeAlarms });
    alarms.put("Faults", 3);
    await minutes(alarms, 1);
    expect(alarms.states()).toEqual({ Faults: "ALARM", Others: "OK", Both: "OK", Twice: "OK" });
    alarms.put("Faults", 3);
    alarms.put("Others", 3);
    await minutes(alarms, 1);
    expect(alarms.states()).toEqual({ Faults: "ALARM", Others: "ALARM", Both: "ALARM", Twice: "ALARM" });
    expect(alarms.list().find(({ name }) => name === "Both")?.reason).toContain("shop-faults is ALARM");
    alarms.put("Faults", 0);
    alarms.put("Others", 3);
    await minutes(alarms, 1);
    expect(alarms.states()).toMatchObject({ Others: "ALARM", Both: "OK", Twice: "OK" });
  });

  it.each([
    ["refers to nothing", { Both: composite('ALARM("shop-nothing")') }, "Both refers to shop-nothing"],
    ["refers to itself", { Both: composite('ALARM("shop-both")') }, "Both refers to shop-both"],
    ["can't be read", { Both: composite('ALARM("shop-faults"') }, "The alarm Both: Character 20"],
  ])("that %s is refused by name", (_, compositeAlarms, told) => {
    expect(() => start({ compositeAlarms })).toThrow(told);
  });
});
