import { Order } from "@cartwright/core/order";
import { cause } from "@cartwright/core/test/order";
import { createEvent, newId, OrderCancellationRequested } from "@cartwright/events";
import { expect, test } from "vitest";
import { placeOrder } from "../test/placed-order.ts";
import { batchOf } from "../test/queue.ts";
import { handler } from "./watch-checkout.ts";

const handled = { batchItemFailures: [] };

test("an order that somebody has cancelled is looked at until it is cancelled, and left alone then", async () => {
  const customerId = newId("usr");
  const { id } = await placeOrder(customerId);
  await Order.confirm(id, cause);
  const actor = { userId: customerId, roles: ["customer" as const] };
  await Order.requestCancellation(id, { actor, idempotencyKey: "k" }, cause);
  const event = createEvent(OrderCancellationRequested, {
    ...{ subject: id, sequence: 3, time: new Date(), cause },
    data: { orderId: id, customerId, by: "customer" },
  });
  for (let time = 0; time < 2; time++) {
    const batch = batchOf(event);
    const { version } = await Order.fromID(id, { userId: customerId });
    expect(await handler(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: batch.Records[0]!.messageId }] });
    expect(await Order.fromID(id, { userId: customerId })).toMatchObject({ status: "confirmed", version: version + 1 });
  }
  await Order.cancel(id, cause);
  const cancelled = await Order.fromID(id, { userId: customerId });
  for (let time = 0; time < 2; time++) expect(await handler(batchOf(event))).toEqual(handled);
  expect(await Order.fromID(id, { userId: customerId })).toEqual(cancelled);
});
