import { describe, expect, it } from "vitest";
import { chunksOf, computeGbSeconds, createMeter, expressGbSeconds, sumOf } from "./meter.ts";
import { estimateCost, listPrices } from "./price.ts";

describe("the meter", () => {
  it("counts by kind and name, in total and for each correlation", () => {
    const meter = createMeter();
    meter.record("tableWriteUnits", { correlationIds: ["a"], name: "OrderTable", amount: 2 });
    meter.record("tableWriteUnits", { correlationIds: ["a"], name: "OrderTable", amount: 1 });
    meter.record("invocations", { correlationIds: ["b"], name: "Relay", amount: 1 });
    expect(meter.report("a")).toEqual({ tableWriteUnits: { OrderTable: { amount: 3, shared: 0 } } });
    expect(meter.report("b")).toEqual({ invocations: { Relay: { amount: 1, shared: 0 } } });
    expect(meter.total()).toEqual({
      tableWriteUnits: { OrderTable: { amount: 3, shared: 0 } },
      invocations: { Relay: { amount: 1, shared: 0 } },
    });
    expect(meter.report("unknown")).toEqual({});
  });

  it("splits what served several correlations evenly, and says that it was shared", () => {
    const meter = createMeter();
    meter.record("invocations", { correlationIds: ["a", "b", "a"], name: "Relay", amount: 1 });
    meter.record("invocations", { correlationIds: ["a"], name: "Relay", amount: 1 });
    meter.record("invocations", { correlationIds: [], name: "Relay", amount: 1 });
    expect(meter.report("a")).toEqual({ invocations: { Relay: { amount: 1.5, shared: 0.5 } } });
    expect(meter.report("b")).toEqual({ invocations: { Relay: { amount: 0.5, shared: 0.5 } } });
    expect(meter.total()).toEqual({ invocations: { Relay: { amount: 3, shared: 1 } } });
  });

  it("answers copies, and starts from nothing after a reset", () => {
    const meter = createMeter();
    meter.record("busEvents", { correlationIds: ["a"], name: "Bus", amount: 1 });
    meter.total().busEvents!.Bus!.amount = 99;
    expect(sumOf(meter.total(), "busEvents").amount).toBe(1);
    meter.reset();
    expect(meter.total()).toEqual({});
    expect(meter.report("a")).toEqual({});
  });

  it("forgets the oldest correlations first, never the total", () => {
    const meter = createMeter(2);
    for (const id of ["a", "b", "c"])
      meter.record("apiRequests", { correlationIds: [id], name: "POST /orders", amount: 1 });
    expect(meter.report("a")).toEqual({});
    expect(sumOf(meter.report("c"), "apiRequests").amount).toBe(1);
    expect(sumOf(meter.total(), "apiRequests").amount).toBe(3);
  });
});

describe("billed units", () => {
  it("are 64 KB chunks of events and messages, at least one", () => {
    expect([0, 1, 65_536, 65_537, 262_144].map(chunksOf)).toEqual([1, 1, 1, 2, 4]);
  });

  it("of an Express execution are 100 ms steps of 64 MB", () => {
    expect(expressGbSeconds(1)).toBe(0.1 * (64 / 1024));
    expect(expressGbSeconds(250, 65)).toBe(0.3 * (128 / 1024));
  });

  it("of a function are whole milliseconds of its memory", () => {
    expect(computeGbSeconds(99.2, 512)).toBe(0.05);
  });
});

describe("an estimate", () => {
  it("multiplies what each order used by the list prices", () => {
    const meter = createMeter();
    meter.record("tableWriteUnits", { correlationIds: [], name: "OrderTable", amount: 20 });
    meter.record("computeGbSeconds", { correlationIds: [], name: "OrderRouter", amount: 0.5 });
    const { lines, usdPerMillionOrders } = estimateCost(meter.total(), { orders: 2 });
    expect(lines.map((line) => [line.kind, line.amountPerOrder])).toEqual([
      ["computeGbSeconds", 0.25],
      ["tableWriteUnits", 10],
    ]);
    expect(usdPerMillionOrders).toBeCloseTo(
      10 * listPrices.dynamoDbOnDemandUsdPerMillionWriteUnits + 0.25e6 * listPrices.lambdaArmUsdPerGbSecond,
    );
  });

  it("needs at least one order", () => {
    expect(() => estimateCost({}, { orders: 0 })).toThrow("orders must be at least 1");
  });
});
