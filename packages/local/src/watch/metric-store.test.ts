import { describe, expect, it } from "vitest";
import { createMetricStore, keyOf, minuteMs } from "./metric-store.ts";

const name = (dimensions: Record<string, string> = {}, metric = "Orders") => ({
  namespace: "Shop",
  metric,
  dimensions,
});
const startMs = Date.parse("2026-01-01T12:00:00Z");

describe("metrics", () => {
  it("are kept by the minute, and added up from minute to minute", () => {
    const store = createMetricStore();
    store.put(name(), 3, startMs);
    store.put(name(), 1, startMs + minuteMs - 1);
    store.put(name(), 5, startMs + minuteMs);
    const between = (from: number, to: number) =>
      store.between(keyOf(name()), startMs + from * minuteMs, startMs + to * minuteMs);
    expect(between(0, 1)).toEqual({ count: 2, sum: 4, minimum: 1, maximum: 3 });
    expect(between(0, 2)).toEqual({ count: 3, sum: 9, minimum: 1, maximum: 5 });
    expect(between(2, 600)).toBeUndefined();
    expect(between(-600, 0)).toBeUndefined();
  });

  it("are told apart by all their dimensions, in whatever order those come", () => {
    const store = createMetricStore();
    store.put(name({ stage: "local", outcome: "ok" }), 1, startMs);
    store.put(name({ outcome: "ok", stage: "local" }), 1, startMs);
    store.put(name({ stage: "local" }), 1, startMs);
    const sumOf = (dimensions: Record<string, string>) =>
      store.between(keyOf(name(dimensions)), startMs, startMs + minuteMs)?.sum;
    expect(sumOf({ stage: "local", outcome: "ok" })).toBe(2);
    expect(sumOf({ stage: "local" })).toBe(1);
    expect(sumOf({})).toBeUndefined();
  });

  it("are added up over all that have some dimensions, for whoever looks in", () => {
    const store = createMetricStore();
    store.put(name({ stage: "local", outcome: "ok" }), 2, startMs);
    store.put(name({ stage: "local", outcome: "lost" }), 5, startMs + 60 * minuteMs);
    store.put(name({}, "Other"), 7, startMs);
    expect(store.sum("Orders")).toBe(7);
    expect(store.sum("Orders", { outcome: "lost" })).toBe(5);
    expect(store.total("Orders", { stage: "local" })).toMatchObject({ count: 2, maximum: 5 });
    expect(store.sum("Orders", { outcome: "unheard of" })).toBe(0);
    expect(store.names()).toContainEqual(name({}, "Other"));
  });

  it("are forgotten after a day, so that a long run does not fill the memory", () => {
    const store = createMetricStore();
    const days = 3;
    for (let minute = 0; minute < days * 1_440; minute++) store.put(name(), 1, startMs + minute * minuteMs);
    const { count } = store.total("Orders");
    expect(count).toBeGreaterThan(25 * 60);
    expect(count).toBeLessThan(27 * 60);
    const endMs = startMs + days * 1_440 * minuteMs;
    expect(store.between(keyOf(name()), endMs - 25 * 60 * minuteMs, endMs)).toMatchObject({ count: 25 * 60 });
  });
});
