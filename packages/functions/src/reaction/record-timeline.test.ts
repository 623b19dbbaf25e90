import { Order } from "@cartwright/core/order";
import { createEvent, newId, PaymentDeclined, StockReserved, withPrefix } from "@cartwright/events";
import { expect, test } from "vitest";
import { placeOrder } from "../test/placed-order.ts";
import { batchOf } from "../test/queue.ts";
import { handler } from "./record-timeline.ts";

const staff = { userId: newId("usr"), roles: ["customer" as const, "staff" as const] };
const handled = { batchItemFailures: [] };

test("delivered twice, and at the same time, events are one line each of their order's timeline", async () => {
  const { id: orderId, total: amount } = await placeOrder();
  const about = { sequence: 1, time: new Date(0), cause: { correlationId: "c" } };
  const reserved = createEvent(StockReserved, {
    ...about,
    subject: withPrefix("rsv", orderId),
    data: { orderId, lines: [{ sku: "CUP", quantity: 2 }] },
  });
  const paymentId = withPrefix("pay", orderId);
  const declined = createEvent(PaymentDeclined, {
    ...about,
    subject: paymentId,
    data: { orderId, paymentId, amount, reason: "card_declined", providerReason: "no" },
  });
  const batch = batchOf(declined, reserved);
  expect(await handler(batch)).toEqual(handled);
  const once = await Order.timeline(orderId, staff);
  expect(once.items.map(({ text }) => text)).toEqual([
    "Payment declined: the card was declined",
    "Stock reserved: 2 units",
  ]);
  expect(await Promise.all([handler(batch), handler(batch)])).toEqual([handled, handled]);
  expect(await Order.timeline(orderId, staff)).toEqual(once);
});

test("an archived event in an earlier version is a line as well", async () => {
  const { id: orderId, total: amount } = await placeOrder();
  const paymentId = withPrefix("pay", orderId);
  const about = { subject: paymentId, sequence: 1, time: new Date(0), cause: { correlationId: "c" } };
  const today = { orderId, paymentId, amount, reason: "other" as const, providerReason: "insufficient_funds" };
  const { providerReason: reason, ...data } = today;
  const archived = {
    ...createEvent(PaymentDeclined, { ...about, data: today }),
    version: 1,
    data: { ...data, reason },
  };
  expect(await handler(batchOf(archived))).toEqual(handled);
  const { items } = await Order.timeline(orderId, staff);
  expect(items.map(({ text }) => text)).toEqual(["Payment declined: insufficient funds"]);
});
