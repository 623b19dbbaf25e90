import { newId } from "@cartwright/events";
import { describe, expect, test } from "vitest";
import { Inventory } from "./index.ts";

const cause = { correlationId: "test" };

async function createProduct(onHand: number): Promise<string> {
  const sku = newId("req");
  await Inventory.create({ sku, title: "Cup", price: { amount: 900, currency: "EUR" }, status: "published" }, cause);
  if (onHand > 0) await Inventory.adjust(sku, { delta: onHand, reason: "delivery" }, createActor(), cause);
  return sku;
}

const createActor = () => ({ actorId: newId("usr"), idempotencyKey: newId("req") });

const createCheckout = (lines: { sku: string; quantity: number }[]) => ({
  orderId: newId("ord"),
  lines,
});

describe("reserving stock", () => {
  test("twice, and at the same time, holds it once", async () => {
    const sku = await createProduct(5);
    const checkout = createCheckout([{ sku, quantity: 2 }]);
    await Promise.all([Inventory.reserve(checkout, cause), Inventory.reserve(checkout, cause)]);
    await Inventory.reserve(checkout, cause);
    expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 3, reserved: 2 });
  });

  test("holds all lines or none, and names those that lack", async () => {
    const [enough, scarce] = [await createProduct(5), await createProduct(1)];
    const checkout = createCheckout([
      { sku: enough, quantity: 1 },
      { sku: scarce, quantity: 2 },
    ]);
    await expect(Inventory.reserve(checkout, cause)).rejects.toMatchObject({ name: "OutOfStockError", skus: [scarce] });
    expect(await Inventory.stockFromSku(enough)).toMatchObject({ available: 5, reserved: 0 });
  });

  test("a product that never had stock is out of stock", async () => {
    const sku = await createProduct(0);
    const reserve = Inventory.reserve(createCheckout([{ sku, quantity: 1 }]), cause);
    await expect(reserve).rejects.toMatchObject({ name: "OutOfStockError" });
  });

  test("fifty orders for the last five units hold exactly five", async () => {
    const sku = await createProduct(5);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, () => Inventory.reserve(createCheckout([{ sku, quantity: 1 }]), cause)),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBe(5);
    expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 0, reserved: 5 });
  });
});

describe("ending a reservation", () => {
  test("releasing twice, and at the same time, gives the units back once", async () => {
    const sku = await createProduct(5);
    const checkout = createCheckout([{ sku, quantity: 2 }]);
    await Inventory.reserve(checkout, cause);
    await Promise.all([Inventory.release(checkout.orderId, cause), Inventory.release(checkout.orderId, cause)]);
    await Inventory.release(checkout.orderId, cause);
    expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 5, reserved: 0 });
  });

  test("a reservation that arrives after its undo does not take hold", async () => {
    const sku = await createProduct(5);
    const checkout = createCheckout([{ sku, quantity: 2 }]);
    await Inventory.release(checkout.orderId, cause);
    await expect(Inventory.reserve(checkout, cause)).rejects.toMatchObject({ name: "ReservationReleasedError" });
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 5, reserved: 0 });
  });

  test("reserving and releasing at the same time leaves nothing held", async () => {
    const sku = await createProduct(5);
    const checkout = createCheckout([{ sku, quantity: 2 }]);
    await Promise.allSettled([Inventory.reserve(checkout, cause), Inventory.release(checkout.orderId, cause)]);
    await Inventory.release(checkout.orderId, cause);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 5, reserved: 0 });
  });

  test("committing twice is once, and a committed one can't be released", async () => {
    const sku = await createProduct(5);
    const checkout = createCheckout([{ sku, quantity: 2 }]);
    await Inventory.reserve(checkout, cause);
    await Promise.all([Inventory.commit(checkout.orderId, cause), Inventory.commit(checkout.orderId, cause)]);
    await expect(Inventory.release(checkout.orderId, cause)).rejects.toMatchObject({
      name: "ReservationCommittedError",
    });
    expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 3, reserved: 2 });
  });
});

describe("adjusting stock", () => {
  test("the same key and body count once, another body is refused", async () => {
    const sku = await createProduct(5);
    const by = createActor();
    const input = { delta: -2, reason: "damaged" };
    const first = await Inventory.adjust(sku, input, by, cause);
    await Inventory.adjust(sku, { delta: 4, reason: "delivery" }, createActor(), cause);
    const again = await Inventory.adjust(sku, input, by, cause);
    expect(again).toEqual({ adjustment: first.adjustment, replayed: true });
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 7 });
    const other = Inventory.adjust(sku, { ...input, delta: -1 }, by, cause);
    await expect(other).rejects.toMatchObject({ code: "idempotency_key_reused" });
  });

  test("what is reserved can't be taken away", async () => {
    const sku = await createProduct(5);
    await Inventory.reserve(createCheckout([{ sku, quantity: 4 }]), cause);
    const adjust = Inventory.adjust(sku, { delta: -2, reason: "lost" }, createActor(), cause);
    await expect(adjust).rejects.toMatchObject({ code: "stock_below_zero" });
    expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 1, reserved: 4 });
  });
});

describe("products", () => {
  test("a change by somebody who has not seen the last one is refused", async () => {
    const sku = await createProduct(0);
    const changed = await Inventory.update(sku, { price: { amount: 1, currency: "EUR" } }, 1, cause);
    expect(changed).toMatchObject({ version: 2, price: { amount: 1 } });
    await expect(Inventory.update(sku, { title: "Mug" }, 1, cause)).rejects.toMatchObject({ code: "stale_version" });
    expect(await Inventory.fromSku(sku, { staff: false })).toMatchObject({ title: "Cup", version: 2 });
  });

  test("a product that was retired is shown to staff alone", async () => {
    const sku = await createProduct(0);
    await Inventory.update(sku, { status: "retired" }, 1, cause);
    await expect(Inventory.fromSku(sku, { staff: false })).rejects.toMatchObject({ kind: "not_found" });
    expect(await Inventory.fromSku(sku, { staff: true })).toMatchObject({ status: "retired", version: 2 });
  });

  test("a SKU exists once", async () => {
    const sku = await createProduct(0);
    const input = { sku, title: "Cup", price: { amount: 1, currency: "EUR" }, status: "draft" as const };
    await expect(Inventory.create(input, cause)).rejects.toMatchObject({ code: "product_exists" });
  });
});
