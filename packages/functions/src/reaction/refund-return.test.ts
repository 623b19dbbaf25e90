import { Payment } from "@cartwright/core/payment";
import { captured, cause, createCheckout, paymentOf } from "@cartwright/core/test/payment";
import { createEvent, newId, OrderReturned } from "@cartwright/events";
import { expect, test } from "vitest";
import { batchOf } from "../test/queue.ts";
import { handler } from "./refund-return.ts";

const handled = { batchItemFailures: [] };
const euros = (amount: number) => ({ amount, currency: "EUR" });

function createReturned(order: { orderId: string; customerId: string }, amount: number) {
  const lines = [{ sku: "CUP", quantity: 1 }];
  const { orderId, customerId } = order;
  const about = { orderId, customerId, returnId: newId("ret"), lines, restock: true, complete: false };
  const data = { ...about, amount: euros(amount) };
  return createEvent(OrderReturned, { subject: orderId, sequence: 4, time: new Date(), cause, data });
}

test("delivered twice, and at the same time, a return is one refund", async () => {
  const order = await captured();
  const event = createReturned(order, 300);
  expect(await handler(batchOf(event, event))).toEqual(handled);
  const payment = await paymentOf(order);
  expect(payment).toMatchObject({ pendingRefund: euros(300) });
  expect(payment.attempts.at(-1)).toMatchObject({ kind: "refund", origin: "return", outcome: "requested" });
  expect(await handler(batchOf(event))).toEqual(handled);
  expect(await paymentOf(order)).toEqual(payment);
});

test("two returns are two refunds, of no more than is left: one that depends on the other is offered again", async () => {
  const order = await captured();
  const [one, two] = [createReturned(order, 600), createReturned(order, 600)];
  expect(await handler(batchOf(one, one))).toEqual(handled);
  for (let time = 0; time < 2; time++) {
    const batch = batchOf(two, one);
    expect(await handler(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: batch.Records[0]!.messageId }] });
    expect(await paymentOf(order)).toMatchObject({ pendingRefund: euros(600) });
  }
  await Payment.reconcile(order.orderId, cause);
  for (let time = 0; time < 2; time++) expect(await handler(batchOf(two, one))).toEqual(handled);
  expect(await paymentOf(order)).toMatchObject({ refunded: euros(600), pendingRefund: euros(300) });
});

test("a return of an order whose payment is not known yet is offered again", async () => {
  const batch = batchOf(createReturned(await createCheckout("tok_ok"), 300));
  expect(await handler(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: batch.Records[0]!.messageId }] });
});
