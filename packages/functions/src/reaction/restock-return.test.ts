import { Inventory } from "@cartwright/core/inventory";
import { createEvent, newId, OrderReturned } from "@cartwright/events";
import { expect, test } from "vitest";
import { batchOf } from "../test/queue.ts";
import { handler } from "./restock-return.ts";

const handled = { batchItemFailures: [] };
const cause = { correlationId: "test" };

/** Three of a product's five units are with an order. */
async function createSold() {
  const [sku, orderId] = [newId("req"), newId("ord")];
  await Inventory.create({ sku, title: "Cup", price: { amount: 900, currency: "EUR" }, status: "published" }, cause);
  const by = { actorId: newId("usr"), idempotencyKey: newId("req") };
  await Inventory.adjust(sku, { delta: 5, reason: "delivery" }, by, cause);
  await Inventory.reserve({ orderId, lines: [{ sku, quantity: 3 }] }, cause);
  await Inventory.commit(orderId, cause);
  return { sku, orderId };
}

function createReturned({ sku, orderId }: { sku: string; orderId: string }, quantity: number, restock: boolean) {
  const lines = [{ sku, quantity }];
  const about = { orderId, customerId: newId("usr"), returnId: newId("ret"), lines, restock, complete: false };
  const data = { ...about, amount: { amount: 900, currency: "EUR" } };
  return createEvent(OrderReturned, { subject: orderId, sequence: 4, time: new Date(), cause, data });
}

test("delivered twice, and at the same time, what came back is on the shelf once", async () => {
  const sold = await createSold();
  const event = createReturned(sold, 2, true);
  expect(await handler(batchOf(event, event))).toEqual(handled);
  expect(await handler(batchOf(event))).toEqual(handled);
  expect(await Inventory.stockFromSku(sold.sku)).toMatchObject({ onHand: 5, available: 4, reserved: 1 });
});

test("delivered twice, what is spoilt is written off once", async () => {
  const sold = await createSold();
  const event = createReturned(sold, 2, false);
  for (let time = 0; time < 2; time++) expect(await handler(batchOf(event))).toEqual(handled);
  expect(await Inventory.stockFromSku(sold.sku)).toMatchObject({ onHand: 3, available: 2, reserved: 1 });
});

test("more than the order has is offered again, and ends with a person", async () => {
  const sold = await createSold();
  const batch = batchOf(createReturned(sold, 4, true));
  expect(await handler(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: batch.Records[0]!.messageId }] });
  expect(await Inventory.stockFromSku(sold.sku)).toMatchObject({ available: 2, reserved: 3 });
});
