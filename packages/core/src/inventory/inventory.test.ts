import { newId } from "@cartwright/events";
import { describe, expect, test } from "vitest";
import { Inventory } from "./index.ts";
import { inventory } from "./inventory.entity.ts";

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

/** An order of so many of a product's five units, which is paid. */
async function createCommitted(quantity = 2) {
  const sku = await createProduct(5);
  const { orderId, lines } = createCheckout([{ sku, quantity }]);
  await Inventory.reserve({ orderId, lines }, cause);
  await Promise.all([Inventory.commit(orderId, cause), Inventory.commit(orderId, cause)]);
  return { sku, orderId };
}

async function takeBack(
  orderId: string,
  lines: { sku: string; quantity: number }[],
  { returnId = newId("ret"), restock = true } = {},
): Promise<string> {
  await Inventory.takeBack(orderId, { returnId, lines, restock }, cause);
  return returnId;
}

async function reservationOf(orderId: string) {
  const { data } = await inventory().entities.reservations.get({ orderId }).go({ consistent: true });
  return data!;
}

const toldBy = async (orderId: string) =>
  JSON.parse((await reservationOf(orderId)).outbox ?? "[]") as { name: string; data: Record<string, unknown> }[];

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

  test("committing twice, and at the same time, is once", async () => {
    const { sku, orderId } = await createCommitted();
    const { version } = await reservationOf(orderId);
    await Promise.all([Inventory.commit(orderId, cause), Inventory.commit(orderId, cause)]);
    expect((await reservationOf(orderId)).version).toBe(version);
    expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 3, reserved: 2 });
  });

  test("releasing a committed one, twice and at the same time, puts its units back once", async () => {
    const { sku, orderId } = await createCommitted();
    await Promise.all([Inventory.release(orderId, cause), Inventory.release(orderId, cause)]);
    expect(await toldBy(orderId)).toMatchObject([
      { name: "stock.restocked", data: { orderId, lines: [{ sku, quantity: 2 }] } },
    ]);
    const { version } = await reservationOf(orderId);
    await Inventory.release(orderId, cause);
    expect((await reservationOf(orderId)).version).toBe(version);
    expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 5, reserved: 0 });
  });

  test("releasing a committed one puts back what has not come back already", async () => {
    const { sku, orderId } = await createCommitted();
    await takeBack(orderId, [{ sku, quantity: 1 }]);
    await Inventory.release(orderId, cause);
    await Inventory.release(orderId, cause);
    expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 5, reserved: 0 });
  });

  test("committing and releasing at the same time ends with the units back, whichever came first", async () => {
    for (let round = 0; round < 10; round++) {
      const sku = await createProduct(5);
      const { orderId, lines } = createCheckout([{ sku, quantity: 2 }]);
      await Inventory.reserve({ orderId, lines }, cause);
      await Promise.all([Inventory.commit(orderId, cause), Inventory.release(orderId, cause)]);
      expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 5, reserved: 0 });
    }
  });

  test("committing what was released leaves it released, for its money goes back", async () => {
    const sku = await createProduct(5);
    const checkout = createCheckout([{ sku, quantity: 2 }]);
    await Inventory.reserve(checkout, cause);
    await Inventory.release(checkout.orderId, cause);
    await Inventory.commit(checkout.orderId, cause);
    expect((await reservationOf(checkout.orderId)).status).toBe("released");
    expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 5, reserved: 0 });
  });

  test("committing what was never reserved is an error", async () => {
    await expect(Inventory.commit(newId("ord"), cause)).rejects.toMatchObject({ name: "ReservationReleasedError" });
  });
});

describe("taking back what was sold", () => {
  test("in part leaves the rest with the order, and tells of what is on the shelf again", async () => {
    const { sku, orderId } = await createCommitted(3);
    const returnId = await takeBack(orderId, [{ sku, quantity: 1 }]);
    expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 3, reserved: 2 });
    expect(await toldBy(orderId)).toMatchObject([
      { name: "stock.restocked", data: { orderId, returnId, lines: [{ sku, quantity: 1 }] } },
    ]);
    await takeBack(orderId, [{ sku, quantity: 2 }]);
    expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 5, reserved: 0 });
  });

  test("twice, and at the same time, counts a return once", async () => {
    const { sku, orderId } = await createCommitted(3);
    const returnId = newId("ret");
    const again = () => takeBack(orderId, [{ sku, quantity: 1 }], { returnId });
    await Promise.all([again(), again(), again()]);
    const { version } = await reservationOf(orderId);
    await again();
    expect((await reservationOf(orderId)).version).toBe(version);
    expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 3, reserved: 2 });
  });

  test("by several returns at the same time counts them all", async () => {
    const { sku, orderId } = await createCommitted(5);
    await Promise.all(Array.from({ length: 5 }, () => takeBack(orderId, [{ sku, quantity: 1 }])));
    expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 5, reserved: 0 });
  });

  test("never takes more than the order has, also at the same time", async () => {
    const { sku, orderId } = await createCommitted(2);
    await expect(takeBack(orderId, [{ sku, quantity: 3 }])).rejects.toMatchObject({ name: "StockNotTakenError" });
    const other = await createProduct(5);
    await expect(takeBack(orderId, [{ sku: other, quantity: 1 }])).rejects.toMatchObject({ code: "stock_not_taken" });
    const both = await Promise.allSettled([
      takeBack(orderId, [{ sku, quantity: 2 }]),
      takeBack(orderId, [{ sku, quantity: 2 }]),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 5, reserved: 0 });
    expect(await Inventory.stockFromSku(other)).toMatchObject({ available: 5, reserved: 0 });
  });

  test("of several products takes all lines or none", async () => {
    const [one, two] = [await createProduct(5), await createProduct(5)];
    const lines = [
      { sku: one, quantity: 2 },
      { sku: two, quantity: 1 },
    ];
    const { orderId } = createCheckout(lines);
    await Inventory.reserve({ orderId, lines }, cause);
    const tooMany = [
      { sku: one, quantity: 2 },
      { sku: two, quantity: 2 },
    ];
    await expect(takeBack(orderId, tooMany)).rejects.toMatchObject({ name: "StockNotTakenError" });
    expect(await Inventory.stockFromSku(one)).toMatchObject({ available: 3, reserved: 2 });
    await takeBack(orderId, lines);
    for (const sku of [one, two]) {
      expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 5, reserved: 0 });
    }
  });

  test("what is spoilt writes it off, once: it is neither the order's nor for sale", async () => {
    const { sku, orderId } = await createCommitted(2);
    const returnId = newId("ret");
    for (let time = 0; time < 2; time++) {
      await takeBack(orderId, [{ sku, quantity: 1 }], { returnId, restock: false });
      expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 4, available: 3, reserved: 1 });
    }
    expect(await toldBy(orderId)).toMatchObject([{ name: "stock.written-off", data: { returnId } }]);
  });

  test("is possible before the payment is told, which it presupposes", async () => {
    const sku = await createProduct(5);
    const checkout = createCheckout([{ sku, quantity: 2 }]);
    await Inventory.reserve(checkout, cause);
    await takeBack(checkout.orderId, [{ sku, quantity: 1 }]);
    expect((await reservationOf(checkout.orderId)).status).toBe("committed");
    await Inventory.commit(checkout.orderId, cause);
    expect(await Inventory.stockFromSku(sku)).toEqual({ sku, onHand: 5, available: 4, reserved: 1 });
  });

  test("is an error when nothing is with the order: it was released, cancelled or never reserved", async () => {
    const sku = await createProduct(5);
    const checkout = createCheckout([{ sku, quantity: 2 }]);
    await Inventory.reserve(checkout, cause);
    await Inventory.release(checkout.orderId, cause);
    const lines = [{ sku, quantity: 1 }];
    const released = { name: "ReservationReleasedError" };
    await expect(takeBack(checkout.orderId, lines)).rejects.toMatchObject(released);
    await expect(takeBack(newId("ord"), lines)).rejects.toMatchObject(released);
    const cancelled = await createCommitted();
    await Inventory.release(cancelled.orderId, cause);
    const late = takeBack(cancelled.orderId, [{ sku: cancelled.sku, quantity: 1 }]);
    await expect(late).rejects.toMatchObject({ name: "StockNotTakenError" });
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 5, reserved: 0 });
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
