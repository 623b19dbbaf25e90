import { Payment } from "@cartwright/core/payment";
import { captured, cause, createCheckout, paymentIdOf, paymentOf } from "@cartwright/core/test/payment";
import { createEvent, newId, OrderAnonymized } from "@cartwright/events";
import { expect, test } from "vitest";
import { batchOf } from "../test/queue.ts";
import { handler } from "./forget-payer.ts";

type Order = { orderId: string; customerId: string };

const handled = { batchItemFailures: [] };

const anonymized = ({ orderId, customerId }: Order) =>
  createEvent(OrderAnonymized, {
    ...{ subject: orderId, sequence: 9, time: new Date(), cause },
    data: { orderId, customerId },
  });

async function refund(order: Order) {
  const by = { actorId: newId("usr"), idempotencyKey: newId("req") };
  const input = { amount: { amount: 100, currency: "EUR" }, reason: "is his aunt" };
  await Payment.requestRefund(paymentIdOf(order), input, by, cause);
}

test("delivered twice, and at the same time, what staff noted is forgotten once, and stays so", async () => {
  const order = await captured();
  await refund(order);
  const { version, attempts } = await paymentOf(order);
  expect(attempts.at(-1)).toMatchObject({ note: "is his aunt" });
  const event = anonymized(order);
  expect(await handler(batchOf(event, event))).toEqual(handled);
  const forgotten = await paymentOf(order);
  expect(forgotten.version).toBe(version + 1);
  expect(JSON.stringify(forgotten)).not.toContain("aunt");
  for (let time = 0; time < 2; time++) expect(await handler(batchOf(event))).toEqual(handled);
  expect(await paymentOf(order)).toEqual(forgotten);

  await refund(order);
  expect(await handler(batchOf(event))).toEqual(handled);
  expect(JSON.stringify(await paymentOf(order))).not.toContain("aunt");
});

test("an order that nobody came to pay has nothing to forget", async () => {
  const order = await createCheckout("tok_ok");
  expect(await handler(batchOf(anonymized(order)))).toEqual(handled);
});
