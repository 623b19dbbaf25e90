import { Inventory } from "@cartwright/core/inventory";
import { cause, createShipped } from "@cartwright/core/test/inventory";
import { createEvent, newId, OrderReturned } from "@cartwright/events";
import { expect, test } from "vitest";
import { batchOf } from "../test/queue.ts";
import { handler } from "./restock-return.ts";

const handled = { batchItemFailures: [] };

function createReturned({ sku, orderId }: { sku: string; orderId: string }, quantity: number, restock: boolean) {
  const lines = [{ sku, quantity }];
  const about = { orderId, customerId: newId("usr"), returnId: newId("ret"), lines, restock, complete: false };
  const data = { ...about, amount: { amount: 900, currency: "EUR" } };
  return createEvent(OrderReturned, { subject: orderId, sequence: 4, time: new Date(), cause, data });
}

test("delivered twice, and at the same time, what came back is on the shelf once", async () => {
  const sold = await createShipped(3);
  const event = createReturned(sold, 2, true);
  expect(await handler(batchOf(event, event))).toEqual(handled);
  expect(await handler(batchOf(event))).toEqual(handled);
  expect(await Inventory.stockFromSku(sold.sku)).toMatchObject({ onHand: 4, available: 4, reserved: 0 });
});

test("delivered twice, what is spoilt is written off once", async () => {
  const sold = await createShipped(3);
  const event = createReturned(sold, 2, false);
  for (let time = 0; time < 2; time++) expect(await handler(batchOf(event))).toEqual(handled);
  expect(await Inventory.stockFromSku(sold.sku)).toMatchObject({ onHand: 2, available: 2, reserved: 0 });
});

test("more than was sent is offered again, and ends with a person", async () => {
  const sold = await createShipped(3);
  const batch = batchOf(createReturned(sold, 4, true));
  expect(await handler(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: batch.Records[0]!.messageId }] });
  expect(await Inventory.stockFromSku(sold.sku)).toMatchObject({ available: 2, reserved: 0 });
});
