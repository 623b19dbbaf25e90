import { Payment } from "@cartwright/core/payment";
import {
  answerBank,
  atProvider,
  captured,
  cause,
  createCheckout,
  paymentIdOf,
  paymentOf,
} from "@cartwright/core/test/payment";
import { createEvent, newId, PaymentNotified } from "@cartwright/events";
import { expect, test } from "vitest";
import { batchOf } from "../test/queue.ts";
import { handler } from "./heed-webhook.ts";

const handled = { batchItemFailures: [] };

function createNotified(orderId: string, type = "charge.updated") {
  const notificationId = newId("evt");
  const data = { paymentId: paymentIdOf({ orderId }), orderId, provider: "sandbox", notificationId, type };
  const subject = `sandbox:${notificationId}`;
  return createEvent(PaymentNotified, { subject, sequence: 1, time: new Date(), cause, data });
}

test("delivered twice, and at the same time, what the customer has answered their bank is taken in once", async () => {
  const checkout = await createCheckout("tok_requires_action");
  await Payment.authorize(checkout, cause);
  await answerBank(checkout, true);
  const event = createNotified(checkout.orderId);
  expect(await handler(batchOf(event, event))).toEqual(handled);
  const payment = await paymentOf(checkout);
  expect(payment).toMatchObject({ status: "authorized" });
  expect(await handler(batchOf(event, createNotified(checkout.orderId)))).toEqual(handled);
  expect(await paymentOf(checkout)).toEqual(payment);
});

test("what it says is only a hint: a webhook that lies changes nothing", async () => {
  const checkout = await createCheckout("tok_requires_action");
  await Payment.authorize(checkout, cause);
  const before = await paymentOf(checkout);
  expect(await handler(batchOf(createNotified(checkout.orderId, "refund.updated")))).toEqual(handled);
  expect(await paymentOf(checkout)).toEqual(before);
});

test("a dispute is taken in, and left to others to be told to a person", async () => {
  const order = await captured("tok_dispute");
  const { reference } = (await atProvider(order))!;
  await Payment.workForSandbox({ do: "dispute", reference });
  for (let time = 0; time < 2; time++) {
    expect(await handler(batchOf(createNotified(order.orderId, "dispute.opened")))).toEqual(handled);
  }
  expect(await paymentOf(order)).toMatchObject({ chargedBack: { amount: 900 } });
});

test("one about an order that nobody knows leaves nothing", async () => {
  const orderId = newId("ord");
  for (let time = 0; time < 2; time++) expect(await handler(batchOf(createNotified(orderId)))).toEqual(handled);
  await expect(paymentOf({ orderId })).rejects.toMatchObject({ code: "payment_not_found" });
});
