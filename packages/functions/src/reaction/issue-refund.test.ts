import { Payment } from "@cartwright/core/payment";
import { atProvider, captured, cause, paymentIdOf, paymentOf } from "@cartwright/core/test/payment";
import { createEvent, newId, PaymentRefundRequested } from "@cartwright/events";
import { expect, test } from "vitest";
import { batchOf } from "../test/queue.ts";
import { handler } from "./issue-refund.ts";

const handled = { batchItemFailures: [] };
const amount = { amount: 400, currency: "EUR" };

async function createRequested(token: string) {
  const order = await captured(token);
  const by = { actorId: newId("usr"), idempotencyKey: newId("req") };
  const { refund } = await Payment.requestRefund(paymentIdOf(order), { amount, reason: "broken" }, by, cause);
  return { order, event: createRequest(order.orderId, refund.id) };
}

function createRequest(orderId: string, refundId: string) {
  const paymentId = paymentIdOf({ orderId });
  const data = { paymentId, orderId, refundId, amount, origin: "staff" };
  return createEvent(PaymentRefundRequested, { subject: paymentId, sequence: 4, time: new Date(), cause, data });
}

test.each(["tok_ok", "tok_refund_timeout"])(
  "delivered twice, and at the same time, a refund of %s is paid once",
  async (token) => {
    const { order, event } = await createRequested(token);
    expect(await handler(batchOf(event, event))).toEqual(handled);
    const payment = await paymentOf(order);
    expect(payment).toMatchObject({ refunded: amount, pendingRefund: { amount: 0 } });
    expect(await Promise.all([handler(batchOf(event)), handler(batchOf(event))])).toEqual([handled, handled]);
    expect(await paymentOf(order)).toEqual(payment);
    expect((await atProvider(order))!.refunds).toMatchObject([{ amountMinor: 400, status: "succeeded" }]);
  },
);

test("one that the provider takes its time with is left to the provider", async () => {
  const { order, event } = await createRequested("tok_refund_pending");
  for (let time = 0; time < 2; time++) expect(await handler(batchOf(event))).toEqual(handled);
  expect(await paymentOf(order)).toMatchObject({ pendingRefund: amount });
  expect((await atProvider(order))!.refunds.length).toBe(1);
});

test("one that nobody has decided pays nothing", async () => {
  const order = await captured();
  expect(await handler(batchOf(createRequest(order.orderId, newId("rfd"))))).toEqual(handled);
  expect((await atProvider(order))!.refunds).toEqual([]);
});

test("one of a payment that is not there is offered again", async () => {
  const batch = batchOf(createRequest(newId("ord"), newId("rfd")));
  expect(await handler(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: batch.Records[0]!.messageId }] });
});
