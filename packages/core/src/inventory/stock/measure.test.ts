import { describe, expect, test } from "vitest";
import { collectMetrics } from "../../test/metric.ts";
import { Inventory } from "../index.ts";
import { inventory } from "./stock.entity.ts";
import { cause, createActor, createCheckout, createProduct, reserve } from "./test/fixture.ts";

test("a checkout that lacks stock is counted once, however often it is tried", async () => {
  const sku = await createProduct(1);
  const measured = collectMetrics();
  const checkout = createCheckout([{ sku, quantity: 2 }]);
  const attempt = () => expect(Inventory.reserve(checkout, cause)).rejects.toMatchObject({ code: "out_of_stock" });
  await Promise.all([attempt(), attempt()]);
  await attempt();
  expect(measured.valuesOf("StockRejected")).toEqual([1]);
  expect(measured.all[0]!.about).toEqual({ orderId: checkout.orderId });
});

describe("a counter below zero", () => {
  const { shards, stocks } = inventory().entities;

  test.each([
    ["available", (sku: string) => shards.patch({ sku, shard: 0 }).set({ available: -1 }).go()],
    ["reserved", (sku: string) => shards.patch({ sku, shard: 0 }).set({ reserved: -1 }).go()],
    ["owed", (sku: string) => stocks.patch({ sku }).set({ owed: -1 }).go()],
    ["on hand", (sku: string) => stocks.patch({ sku }).set({ onHand: -1 }).go()],
  ])("is told when somebody looks at it: %s", async (_, meddle) => {
    const sku = await createProduct(2);
    const measured = collectMetrics();
    const look = () => Inventory.adjust(sku, { delta: 1, reason: "delivery" }, createActor(), cause);
    await look();
    expect(measured.valuesOf("NegativeStock")).toEqual([]);
    await meddle(sku);
    await look();
    expect(measured.valuesOf("NegativeStock").length).toBeGreaterThan(0);
    expect(measured.all.every(({ about }) => about?.sku === sku)).toBe(true);
  });

  test("is seen by the next checkout", async () => {
    const sku = await createProduct(2);
    await shards.patch({ sku, shard: 0 }).set({ available: -1 }).go();
    const measured = collectMetrics();
    await expect(reserve(sku)).rejects.toMatchObject({ code: "out_of_stock" });
    expect(measured.valuesOf("NegativeStock").length).toBeGreaterThan(0);
    expect((await Inventory.stockFromSku(sku)).available).toBe(-1);
  });

  test("is not what selling out leaves", async () => {
    const sku = await createProduct(2);
    const measured = collectMetrics();
    await reserve(sku, 2);
    await expect(reserve(sku)).rejects.toMatchObject({ code: "out_of_stock" });
    expect(measured.valuesOf("NegativeStock")).toEqual([]);
  });
});
