import { Payment } from "@cartwright/core/payment";
import { atProvider, captured, cause, decideDispute, paymentIdOf, paymentOf } from "@cartwright/core/test/payment";
import {
  createEvent,
  newId,
  PaymentChargebackClosed,
  PaymentChargedBack,
  PaymentMismatched,
  PaymentOutcomeUnknown,
  PaymentRefundFailed,
} from "@cartwright/events";
import { beforeEach, expect, test } from "vitest";
import { actAs, takeLetters } from "../test/letters.ts";
import { batchOf } from "../test/queue.ts";
import { handler } from "./needs-operator.ts";

const handled = { batchItemFailures: [] };
const amount = { amount: 900, currency: "EUR" };

beforeEach(() => actAs("NeedsOperator", 5));

const lettersAbout = async (orderId: string) =>
  (await takeLetters("NeedsOperator")).filter(({ body }) => body.includes(orderId));

function about(orderId: string) {
  const paymentId = paymentIdOf({ orderId });
  return { paymentId, event: { subject: paymentId, sequence: 5, time: new Date(), cause } };
}

function createChargedBack(orderId: string) {
  const { paymentId, event } = about(orderId);
  const data = { paymentId, orderId, amount, disputeId: "dp_1", providerReason: "fraudulent" };
  return createEvent(PaymentChargedBack, { ...event, data });
}

test("a chargeback becomes a letter that says what to do, each time it is delivered, and changes no money", async () => {
  const order = await captured("tok_dispute");
  const { reference } = (await atProvider(order))!;
  await Payment.workForSandbox({ do: "dispute", reference });
  const event = createChargedBack(order.orderId);
  expect(await handler(batchOf(event))).toEqual(handled);
  const payment = await paymentOf(order);
  expect(payment).toMatchObject({ chargedBack: amount });
  expect(await handler(batchOf(event))).toEqual(handled);
  expect(await paymentOf(order)).toEqual(payment);
  const letters = await lettersAbout(order.orderId);
  expect(letters.length).toBe(2);
  for (const { body, failure } of letters) {
    expect(JSON.parse(body)).toMatchObject({ detail: { id: event.id } });
    expect(failure).toMatchObject({ code: "disputed", message: expect.stringContaining("answer it at the provider") });
  }
});

test("a refund that failed becomes a letter, and none once the money went back by another way", async () => {
  const order = await captured("tok_refund_failed");
  const { orderId } = order;
  const by = { actorId: newId("usr"), idempotencyKey: newId("req") };
  const { refund } = await Payment.requestRefund(paymentIdOf(order), { reason: "broken" }, by, cause);
  const key = Payment.refundKeyOf(refund.id);
  await Payment.issueRefund(orderId, key, cause);
  const { reference } = (await atProvider(order))!;
  await Payment.workForSandbox({ do: "settle-refund", reference, refund: `${orderId}:${key}` });
  const { paymentId, event } = about(orderId);
  const data = { paymentId, orderId, amount, refundId: refund.id, providerReason: "expired_or_canceled_card" };
  const failed = createEvent(PaymentRefundFailed, { ...event, data });
  expect(await handler(batchOf(failed))).toEqual(handled);
  expect(await lettersAbout(orderId)).toMatchObject([{ failure: { code: "refund_failed" } }]);
  await Payment.requestRefund(paymentIdOf(order), { reason: "again" }, { ...by, idempotencyKey: newId("req") }, cause);
  expect(await handler(batchOf(failed))).toEqual(handled);
  expect(await lettersAbout(orderId)).toEqual([]);
});

test("an undo whose refund fails leaves a letter of the event that tells it, and is done", async () => {
  const order = await captured("tok_refund_failed");
  const { orderId } = order;
  await Payment.undo(orderId, cause);
  const { reference, refunds } = (await atProvider(order))!;
  await Payment.workForSandbox({ do: "settle-refund", reference, refund: refunds[0]!.key! });
  await Payment.undo(orderId, cause);
  const refundId = refunds[0]!.key!.split(":").at(-1)!;
  const { paymentId, event } = about(orderId);
  const data = { paymentId, orderId, amount, refundId, providerReason: "expired_or_canceled_card" };
  const failed = createEvent(PaymentRefundFailed, { ...event, data });
  for (let time = 0; time < 2; time++) expect(await handler(batchOf(failed))).toEqual(handled);
  const message = `9.00 EUR were not paid back (expired_or_canceled_card) (the payment of ${orderId})`;
  const failure = { code: "refund_failed", message };
  expect(await lettersAbout(orderId)).toMatchObject([{ failure }, { failure }]);
});

test.each([
  ["won", [{ failure: { code: "refund_failed", message: expect.stringMatching(/^3\.00 EUR were not paid back/) } }]],
  ["lost", []],
] as const)(
  "a dispute that is %s leaves a letter of what a refund owes that failed meanwhile",
  async (status, letters) => {
    const order = await captured("tok_refund_failed");
    const { orderId } = order;
    const by = { actorId: newId("usr"), idempotencyKey: newId("req") };
    const input = { amount: { ...amount, amount: 300 }, reason: "broken" };
    const { refund } = await Payment.requestRefund(paymentIdOf(order), input, by, cause);
    const key = Payment.refundKeyOf(refund.id);
    await Payment.issueRefund(orderId, key, cause);
    const { reference } = (await atProvider(order))!;
    await Payment.workForSandbox({ do: "dispute", reference });
    await Payment.workForSandbox({ do: "settle-refund", reference, refund: `${orderId}:${key}` });
    const { paymentId, event } = about(orderId);
    const about300 = { paymentId, orderId, amount: input.amount, refundId: refund.id };
    const failed = createEvent(PaymentRefundFailed, { ...event, data: { ...about300, providerReason: "closed" } });
    expect(await handler(batchOf(failed))).toEqual(handled);
    // As long as the bank has the money, the dispute is all that there is to see to.
    expect(await lettersAbout(orderId)).toMatchObject([{ failure: { code: "disputed" } }]);
    await decideDispute(order, status);
    const data = { paymentId, orderId, amount, disputeId: `dp_${reference}`, won: status === "won" };
    const closed = createEvent(PaymentChargebackClosed, { ...event, data });
    for (let time = 0; time < 2; time++) {
      expect(await handler(batchOf(closed))).toEqual(handled);
      expect(await lettersAbout(orderId)).toMatchObject(letters);
    }
  },
);

test("an outcome that is unknown no longer, and a mismatch that is none any more, become no letters", async () => {
  const order = await captured();
  const { orderId } = order;
  const { paymentId, event } = about(orderId);
  const before = await paymentOf(order);
  const unknown = createEvent(PaymentOutcomeUnknown, {
    ...event,
    data: { paymentId, orderId, amount, step: "capture" },
  });
  const data = { paymentId, orderId, amount, code: "amount_differs", detail: "…" };
  const mismatched = createEvent(PaymentMismatched, { ...event, data });
  for (let time = 0; time < 2; time++) expect(await handler(batchOf(unknown, mismatched))).toEqual(handled);
  expect(await lettersAbout(orderId)).toEqual([]);
  expect(await paymentOf(order)).toEqual(before);
});

test("one message that needs a person does not hold up its neighbours", async () => {
  const [disputed, fine] = [await captured("tok_dispute"), await captured()];
  const { reference } = (await atProvider(disputed))!;
  await Payment.workForSandbox({ do: "dispute", reference });
  const batch = batchOf(createChargedBack(disputed.orderId), createChargedBack(fine.orderId));
  expect(await handler(batch)).toEqual(handled);
  const letters = await takeLetters("NeedsOperator");
  expect(letters.filter(({ body }) => body.includes(fine.orderId))).toEqual([]);
  expect(letters.filter(({ body }) => body.includes(disputed.orderId)).length).toBe(1);
});
