import { Order } from "@cartwright/core/order";
import { createEvent, newId, PaymentActionCompleted, withPrefix } from "@cartwright/events";
import { expect, test } from "vitest";
import { placeOrder } from "../test/placed-order.ts";
import { batchOf } from "../test/queue.ts";
import { handler } from "./resume-checkout.ts";

const handled = { batchItemFailures: [] };

test("delivered twice, and at the same time, one answer of the customer resumes a checkout once", async () => {
  const customerId = newId("usr");
  const { id: orderId, total: amount, version } = await placeOrder(customerId);
  const paymentId = withPrefix("pay", orderId);
  const event = createEvent(PaymentActionCompleted, {
    subject: paymentId,
    sequence: 3,
    time: new Date(),
    cause: { correlationId: "c" },
    data: { orderId, paymentId, amount, approved: true },
  });
  expect(await handler(batchOf(event))).toEqual(handled);
  expect(await Order.fromID(orderId, { userId: customerId })).toMatchObject({ version: version + 1 });
  expect(await handler(batchOf(event, event))).toEqual(handled);
  expect(await Order.fromID(orderId, { userId: customerId })).toMatchObject({ version: version + 1 });
});
