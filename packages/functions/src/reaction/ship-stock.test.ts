import { Inventory } from "@cartwright/core/inventory";
import { cause, createActor, createProduct, reserve } from "@cartwright/core/test/inventory";
import { createEvent, newId, OrderConfirmed, OrderFulfilled, StockAdjusted } from "@cartwright/events";
import { expect, test } from "vitest";
import { batchOf } from "../test/queue.ts";
import { handler as allocate } from "./allocate-backorders.ts";
import { handler as commit } from "./commit-reservation.ts";
import { handler as ship } from "./ship-stock.ts";

const handled = { batchItemFailures: [] };

/** An order of three units, of which `onHand` are there. */
async function createReserved(onHand: number) {
  const sku = await createProduct(onHand, { backorderLimit: 5 });
  return { sku, orderId: await reserve(sku, 3), lines: [{ sku, quantity: 3 }] };
}

const about = (orderId: string) => ({ subject: orderId, sequence: 4, time: new Date(), cause });

function createFulfilled({ orderId, lines }: { orderId: string; lines: { sku: string; quantity: number }[] }) {
  const data = { orderId, customerId: newId("usr"), fulfilmentId: newId("ful"), lines, complete: true };
  return createEvent(OrderFulfilled, { ...about(orderId), data });
}

test("delivered twice, and before the confirmation, what was sent leaves the stock once", async () => {
  const order = await createReserved(5);
  const event = createFulfilled(order);
  expect(await ship(batchOf(event, event))).toEqual(handled);
  expect(await ship(batchOf(event))).toEqual(handled);
  const { orderId, lines } = order;
  const total = { amount: 2700, currency: "EUR" };
  const confirmed = createEvent(OrderConfirmed, {
    ...about(orderId),
    data: { orderId, customerId: newId("usr"), lines, total },
  });
  expect(await commit(batchOf(confirmed))).toEqual(handled);
  expect(await Inventory.stockFromSku(order.sku)).toMatchObject({ onHand: 2, available: 2, reserved: 0 });
});

test("what has not come can't have been sent: it is offered again, and is shipped once it has come", async () => {
  const order = await createReserved(2);
  const batch = batchOf(createFulfilled(order));
  expect(await ship(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: batch.Records[0]!.messageId }] });
  const { sku } = order;
  const { adjustment } = await Inventory.adjust(sku, { delta: 1, reason: "delivery" }, createActor(), cause);
  const data = { adjustmentId: adjustment.id, sku, delta: 1 };
  const adjusted = createEvent(StockAdjusted, { ...about(adjustment.id), data });
  expect(await allocate(batchOf(adjusted, adjusted))).toEqual(handled);
  expect(await ship(batch)).toEqual(handled);
  expect(await Inventory.stockFromSku(sku)).toMatchObject({ onHand: 0, reserved: 0, backordered: 0 });
});
