import { setClock } from "@cartwright/core/clock";
import { Inventory } from "@cartwright/core/inventory";
import { cause, createProduct, reserve, toldBy } from "@cartwright/core/test/inventory";
import { expect, test } from "vitest";
import { handler } from "./sweep-reservations.ts";

/** Runs `then` an hour ago, so that the sweep needs no clock that would let it take what other tests hold. */
async function anHourAgo<Result>(then: () => Promise<Result>): Promise<Result> {
  const restore = setClock(() => Date.now() - 60 * 60 * 1000);
  try {
    return await then();
  } finally {
    restore();
  }
}

test("run twice, and at the same time, it gives back once what a checkout has held for too long", async () => {
  const sku = await createProduct(5);
  const overdue = await anHourAgo(async () => {
    await Inventory.commit(await reserve(sku, 1), cause);
    return reserve(sku, 2);
  });
  const timely = await reserve(sku, 1);
  expect(await Inventory.stockFromSku(sku)).toMatchObject({ available: 1, reserved: 4 });
  await Promise.all([handler(), handler()]);
  await handler();
  expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 5, available: 3, reserved: 2 });
  const lines = [{ sku, quantity: 2 }];
  expect(await toldBy(overdue)).toMatchObject([{ name: "stock.released", data: { lines, expired: true } }]);
  expect(await toldBy(timely)).toMatchObject([{ name: "stock.reserved" }]);
});
