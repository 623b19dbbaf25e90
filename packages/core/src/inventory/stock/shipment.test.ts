import { newId, type OrderLine } from "@cartwright/events";
import { describe, expect, test } from "vitest";
import { Inventory } from "../index.ts";
import {
  adjust,
  cause,
  createCheckout,
  createCommitted,
  createProduct,
  createShipped,
  reservationOf,
  reserve,
  ship,
  toldBy,
} from "./test/fixture.ts";

async function takeBack(
  orderId: string,
  lines: OrderLine[],
  { returnId = newId("ret"), restock = true } = {},
): Promise<string> {
  await Inventory.takeBack(orderId, { returnId, lines, restock }, cause);
  return returnId;
}

describe("shipping", () => {
  test("takes the units out of what is on hand, once per fulfilment", async () => {
    const { sku, orderId } = await createCommitted(3);
    const lines = [{ sku, quantity: 2 }];
    const fulfilmentId = newId("ful");
    const again = () => ship(orderId, lines, fulfilmentId);
    await Promise.all([again(), again(), again()]);
    await again();
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 3, available: 2, reserved: 1 });
    expect(await toldBy(orderId)).toMatchObject([{ name: "stock.shipped", data: { orderId, fulfilmentId, lines } }]);
  });

  test("never takes more than the order holds, also at the same time", async () => {
    const { sku, orderId } = await createCommitted(2);
    await expect(ship(orderId, [{ sku, quantity: 3 }])).rejects.toMatchObject({ name: "StockNotHeldError" });
    const both = await Promise.allSettled([
      ship(orderId, [{ sku, quantity: 2 }]),
      ship(orderId, [{ sku, quantity: 2 }]),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 3, available: 3, reserved: 0 });
  });

  test("is possible before the confirmation is told, which it presupposes", async () => {
    const sku = await createProduct(5);
    const orderId = await reserve(sku, 2);
    await ship(orderId, [{ sku, quantity: 2 }]);
    await Inventory.commit(orderId, cause);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 3, available: 3, reserved: 0 });
  });

  test("what is still to come waits until it has come", async () => {
    const sku = await createProduct(1, { backorderLimit: 5 });
    const orderId = await reserve(sku, 2);
    await expect(ship(orderId, [{ sku, quantity: 2 }])).rejects.toMatchObject({ name: "StockNotHeldError" });
    await adjust(sku, 1);
    await Inventory.allocate(sku, cause);
    await ship(orderId, [{ sku, quantity: 2 }]);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 0, reserved: 0, backordered: 0 });
  });

  test("an order of as many lines as there can be is shipped, part by part, once", async () => {
    // Each line lies in two shards, since neither has all of it.
    const skus = await Promise.all(Array.from({ length: 49 }, () => createProduct(2, { shards: 2 })));
    const lines = skus.map((sku) => ({ sku, quantity: 2 }));
    const checkout = createCheckout(lines);
    await Inventory.reserve(checkout, cause);
    const fulfilmentId = newId("ful");
    await Promise.all([ship(checkout.orderId, lines, fulfilmentId), ship(checkout.orderId, lines, fulfilmentId)]);
    for (const sku of skus) expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 0, reserved: 0 });
    await takeBack(checkout.orderId, lines);
    for (const sku of skus) expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 2, available: 2 });
  });
});

describe("taking back what was shipped", () => {
  test("in part leaves the rest with the customer, and tells of what is on the shelf again", async () => {
    const { sku, orderId } = await createShipped(3);
    const returnId = await takeBack(orderId, [{ sku, quantity: 1 }]);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 3, available: 3, reserved: 0 });
    expect(await toldBy(orderId)).toMatchObject([
      { name: "stock.restocked", data: { orderId, returnId, lines: [{ sku, quantity: 1 }] } },
    ]);
    await takeBack(orderId, [{ sku, quantity: 2 }]);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 5, available: 5, reserved: 0 });
  });

  test("twice, and at the same time, counts a return once", async () => {
    const { sku, orderId } = await createShipped(3);
    const returnId = newId("ret");
    const again = () => takeBack(orderId, [{ sku, quantity: 1 }], { returnId });
    await Promise.all([again(), again(), again()]);
    const { version } = await reservationOf(orderId);
    await again();
    expect((await reservationOf(orderId)).version).toBe(version);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 3, available: 3, reserved: 0 });
  });

  test("by several returns at the same time counts them all", async () => {
    const { sku, orderId } = await createShipped(5);
    await Promise.all(Array.from({ length: 5 }, () => takeBack(orderId, [{ sku, quantity: 1 }])));
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 5, available: 5, reserved: 0 });
  });

  test("never takes more than was shipped, also at the same time", async () => {
    const { sku, orderId } = await createShipped(2);
    await expect(takeBack(orderId, [{ sku, quantity: 3 }])).rejects.toMatchObject({ name: "StockNotShippedError" });
    const other = await createProduct(5);
    const strange = takeBack(orderId, [{ sku: other, quantity: 1 }]);
    await expect(strange).rejects.toMatchObject({ code: "stock_not_shipped", kind: "unavailable" });
    const both = await Promise.allSettled([
      takeBack(orderId, [{ sku, quantity: 2 }]),
      takeBack(orderId, [{ sku, quantity: 2 }]),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 5, available: 5, reserved: 0 });
  });

  test("of several products takes all lines or none", async () => {
    const [one, two] = [await createProduct(5), await createProduct(5)];
    const lines = [
      { sku: one, quantity: 2 },
      { sku: two, quantity: 1 },
    ];
    const checkout = createCheckout(lines);
    await Inventory.reserve(checkout, cause);
    await ship(checkout.orderId, lines);
    const tooMany = lines.map((line) => ({ ...line, quantity: 2 }));
    await expect(takeBack(checkout.orderId, tooMany)).rejects.toMatchObject({ name: "StockNotShippedError" });
    expect(await Inventory.stockFromSku(one)).toMatchObject({ onHand: 3 });
    await takeBack(checkout.orderId, lines);
    for (const sku of [one, two]) expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 5, available: 5 });
  });

  test("what is spoilt writes it off, once: it is neither the customer's nor for sale", async () => {
    const { sku, orderId } = await createShipped(2);
    const returnId = newId("ret");
    for (let time = 0; time < 2; time++) {
      await takeBack(orderId, [{ sku, quantity: 1 }], { returnId, restock: false });
      expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 3, available: 3, reserved: 0 });
    }
    expect(await toldBy(orderId)).toMatchObject([{ name: "stock.written-off", data: { returnId } }]);
    const { items } = await Inventory.movements(sku, { reader: "usr_a", limit: 1 });
    expect(items).toMatchObject([{ kind: "written-off", delta: 0, orderId }]);
  });

  test("is an error of what was released or never reserved, and waits for what was not shipped yet", async () => {
    const sku = await createProduct(5);
    const released = await reserve(sku, 2);
    await Inventory.release(released, cause);
    const lines = [{ sku, quantity: 1 }];
    for (const orderId of [released, newId("ord")]) {
      await expect(takeBack(orderId, lines)).rejects.toMatchObject({ name: "ReservationReleasedError" });
    }
    const { sku: held, orderId } = await createCommitted();
    const early = takeBack(orderId, [{ sku: held, quantity: 1 }]);
    await expect(early).rejects.toMatchObject({ name: "StockNotShippedError" });
  });
});
