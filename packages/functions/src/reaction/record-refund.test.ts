import { Order } from "@cartwright/core/order";
import { createEvent, newId, PaymentRefunded, PaymentRefundFailed, withPrefix } from "@cartwright/events";
import { describe, expect, test } from "vitest";
import { placeOrder } from "../test/placed-order.ts";
import { batchOf } from "../test/queue.ts";
import { handler } from "./record-refund.ts";

const handled = { batchItemFailures: [] };

function about(orderId: string, amount: number, refundId: string, sequence: number) {
  const paymentId = withPrefix("pay", orderId);
  const data = { paymentId, orderId, refundId, amount: { amount, currency: "EUR" } };
  return { event: { subject: paymentId, sequence, time: new Date(), cause: { correlationId: "test" } }, data };
}

function createRefunded(orderId: string, amount: number, refundId = newId("rfd"), sequence = 5) {
  const { event, data } = about(orderId, amount, refundId, sequence);
  return createEvent(PaymentRefunded, { ...event, data });
}

function createFailed(orderId: string, amount: number, refundId: string, sequence: number) {
  const { event, data } = about(orderId, amount, refundId, sequence);
  return createEvent(PaymentRefundFailed, { ...event, data: { ...data, providerReason: "account_closed" } });
}

test("delivered twice, and at the same time, the order counts a refund once", async () => {
  const customerId = newId("usr");
  const { id } = await placeOrder(customerId);
  const [one, two] = [createRefunded(id, 500), createRefunded(id, 300, "re_made_at_the_provider")];
  expect(await handler(batchOf(one, one, two))).toEqual(handled);
  const order = await Order.fromID(id, { userId: customerId });
  expect(order).toMatchObject({ refunded: { amount: 800, currency: "EUR" } });
  expect(await handler(batchOf(two, one))).toEqual(handled);
  expect(await Order.fromID(id, { userId: customerId })).toEqual(order);
});

describe("a refund that the bank sends back after it was through counts no more", () => {
  test.each([
    ["as they happened", ["through", "back"]],
    ["in the other order", ["back", "through"]],
    ["twice, and all over again", ["through", "back", "through", "back"]],
    ["with the end first, twice", ["back", "back", "through", "through"]],
  ] as const)("whether both are told %s", async (_, order) => {
    const customerId = newId("usr");
    const { id } = await placeOrder(customerId);
    const read = () => Order.fromID(id, { userId: customerId });
    const refundId = newId("rfd");
    const events = { through: createRefunded(id, 500, refundId, 5), back: createFailed(id, 500, refundId, 7) };
    expect(await handler(batchOf(createRefunded(id, 300)))).toEqual(handled);
    for (const which of order) expect(await handler(batchOf(events[which]))).toEqual(handled);
    const after = await read();
    expect(after).toMatchObject({ refunded: { amount: 300 } });
    for (const which of order) expect(await handler(batchOf(events[which], events[which]))).toEqual(handled);
    expect(await read()).toEqual(after);
  });

  test("in one batch, whose messages are handled at the same time", async () => {
    for (let round = 0; round < 5; round++) {
      const customerId = newId("usr");
      const { id } = await placeOrder(customerId);
      const refundId = newId("rfd");
      const events = [createRefunded(id, 500, refundId, 5), createFailed(id, 500, refundId, 7)];
      expect(await handler(batchOf(...(round % 2 === 1 ? events.toReversed() : events)))).toEqual(handled);
      expect(await Order.fromID(id, { userId: customerId })).toMatchObject({ refunded: { amount: 0 } });
    }
  });

  test("and leaves the refund that made it good counted, so that no order is refunded twice over", async () => {
    const customerId = newId("usr");
    const { id } = await placeOrder(customerId);
    const [first, again] = [newId("rfd"), newId("rfd")];
    const events = [
      createRefunded(id, 1800, first, 5),
      createFailed(id, 1800, first, 6),
      createRefunded(id, 1800, again, 9),
    ];
    for (const event of [...events, ...events.toReversed()]) expect(await handler(batchOf(event))).toEqual(handled);
    expect(await Order.fromID(id, { userId: customerId })).toMatchObject({ refunded: { amount: 1800 } });
  });
});
