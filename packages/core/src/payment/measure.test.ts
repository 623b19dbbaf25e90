import { newId } from "@cartwright/events";
import { describe, expect, onTestFinished, test } from "vitest";
import { setClock } from "../clock.ts";
import { collectMetrics, type Measured } from "../test/metric.ts";
import { Payment } from "./index.ts";
import { measureEntries } from "./measure.ts";
import { payments, watermarks } from "./payment.entity.ts";
import { charges } from "./sandbox/charge.entity.ts";
import { referenceOf } from "./sandbox/sandbox.ts";
import { answerBank, atProvider, captured, cause, createCheckout, decideDispute, paymentIdOf } from "./test/fixture.ts";

async function refund(checkout: { orderId: string }): Promise<string> {
  const by = { actorId: newId("usr"), idempotencyKey: newId("req") };
  const { refund } = await Payment.requestRefund(paymentIdOf(checkout), { reason: "broken" }, by, cause);
  const issue = () => Payment.issueRefund(checkout.orderId, Payment.refundKeyOf(refund.id), cause);
  await Promise.all([issue(), issue()]);
  await issue();
  return refund.id;
}

/** The bank has taken the money back, which nothing of ours has heard of yet. */
async function disputed() {
  const checkout = await captured("tok_dispute");
  await Payment.workForSandbox({ do: "dispute", reference: (await atProvider(checkout))!.reference });
  return checkout;
}

const named = (wanted: string, all: Measured["all"]) => all.filter(({ name }) => name === wanted);

/** Somebody meddles with the provider's books. */
const tamper = ({ orderId }: { orderId: string }, capturedMinor: number) =>
  charges()
    .patch({ reference: referenceOf(`${orderId}:authorize`) })
    .set({ capturedMinor })
    .go();

describe("the outcomes of a payment are counted once each, whoever repeats a step", () => {
  const outcomesIn = ({ all }: Measured) =>
    named("PaymentOutcome", all).map(({ name, value, dimensions }) => [
      name,
      value,
      dimensions.provider,
      dimensions.outcome,
    ]);

  test.each([
    ["tok_ok", ["authorized", "captured", "refunded"]],
    ["tok_capture_timeout", ["authorized", "captured", "refunded"]],
  ])("of %s", async (token, outcomes) => {
    const measured = collectMetrics();
    const checkout = await createCheckout(token);
    await Payment.authorize(checkout, cause);
    await Payment.authorize(checkout, cause);
    await Payment.capture(checkout.orderId, cause);
    await Payment.capture(checkout.orderId, cause);
    await refund(checkout);
    expect(outcomesIn(measured)).toEqual(outcomes.map((outcome) => ["PaymentOutcome", 1, "sandbox", outcome]));
  });

  test("of a refund that the bank sends back", async () => {
    const checkout = await captured("tok_refund_failed");
    const measured = collectMetrics();
    const { orderId } = checkout;
    const key = `${orderId}:${Payment.refundKeyOf(await refund(checkout))}`;
    expect(outcomesIn(measured)).toEqual([]);
    await Payment.workForSandbox({ do: "settle-refund", reference: referenceOf(`${orderId}:authorize`), refund: key });
    await Payment.reconcileAndTell(orderId, cause);
    await Payment.reconcileAndTell(orderId, cause);
    expect(outcomesIn(measured)).toEqual([["PaymentOutcome", 1, "sandbox", "refund_failed"]]);
    expect(measured.valuesOf("LedgerMismatch")).toEqual([]);
  });

  test("of one that is declined", async () => {
    const measured = collectMetrics();
    const checkout = await createCheckout("tok_declined");
    await expect(Payment.authorize(checkout, cause)).rejects.toThrow();
    await expect(Payment.authorize(checkout, cause)).rejects.toThrow();
    expect(measured.valuesOf("PaymentOutcome", { outcome: "declined" })).toEqual([1]);
    expect(outcomesIn(measured)).toHaveLength(1);
  });

  test("of one that waits for its customer, is approved, refused at capture, and voided", async () => {
    const measured = collectMetrics();
    const approved = await createCheckout("tok_requires_action");
    await Payment.authorize(approved, cause);
    await answerBank(approved, true);
    await Payment.authorize(approved, cause);
    const refused = await createCheckout("tok_capture_refused");
    await Payment.authorize(refused, cause);
    await expect(Payment.capture(refused.orderId, cause)).rejects.toThrow();
    await Payment.undo(refused.orderId, cause);
    await Payment.undo(refused.orderId, cause);
    const told = named("PaymentOutcome", measured.all).map(({ dimensions }) => dimensions.outcome);
    expect(told).toEqual(["action_required", "authorized", "authorized", "capture_refused", "voided"]);
  });

  test("of one whose money the bank takes back, and returns", async () => {
    const checkout = await disputed();
    const measured = collectMetrics();
    await Payment.reconcileAndTell(checkout.orderId, cause);
    await Payment.reconcileAndTell(checkout.orderId, cause);
    await decideDispute(checkout, "won");
    await Payment.reconcileAndTell(checkout.orderId, cause);
    expect(measured.valuesOf("PaymentOutcome", { outcome: "charged_back" })).toEqual([1]);
    expect(measured.valuesOf("PaymentOutcome", { outcome: "chargeback_won" })).toEqual([1]);
    expect(measured.valuesOf("LedgerMismatch")).toEqual([]);
  });

  test("what is only under way is no outcome", () => {
    const measured = collectMetrics();
    const payment = { orderId: newId("ord"), provider: "sandbox" } as const;
    const entry = { atMs: 0, key: "refund:rfd_1" };
    const entries = [
      { ...entry, outcome: "requested" as const },
      { ...entry, outcome: "pending" as const },
    ];
    measureEntries({ ...payment, entries: [], reviewSlot: "0/0", version: 1 }, entries);
    expect(measured.all).toEqual([]);
  });
});

describe("mismatches", () => {
  test("found by a webhook are told, and not when everything agrees", async () => {
    const checkout = await captured();
    const measured = collectMetrics();
    await Payment.reconcileAndTell(checkout.orderId, cause);
    expect(measured.valuesOf("LedgerMismatch")).toEqual([]);
    await tamper(checkout, 800);
    await Payment.reconcileAndTell(checkout.orderId, cause);
    expect(measured.valuesOf("LedgerMismatch")).toEqual([1]);
  });

  test("are counted by each reconciliation: none, two, and none of a window that was compared", async () => {
    const minutes = 60 * 1000;
    let nowMs = Date.UTC(1999, 0, 1, 12);
    onTestFinished(setClock(() => nowMs));
    for (const name of ["settled", "day", "week"]) {
      await watermarks()
        .put({ name, until: new Date(nowMs - 5 * minutes).toISOString() })
        .go();
    }
    const measured = collectMetrics();
    const mismatches = async () => {
      await Payment.reconcileAll(cause);
      return measured.valuesOf("LedgerMismatch");
    };
    expect(await mismatches()).toEqual([0]);
    const [one, other, taken] = [await captured(), await captured(), await disputed()];
    for (const checkout of [one, other]) await tamper(checkout, 800);
    nowMs += 36 * minutes;
    expect(await mismatches()).toEqual([0, 2]);
    expect(named("LedgerMismatch", measured.all).at(-1)!.about!.orderIds!.split(" ").sort()).toEqual(
      [one.orderId, other.orderId].sort(),
    );
    expect(await mismatches()).toEqual([0, 2, 0]);
    const { data } = await payments().get({ orderId: taken.orderId }).go({ consistent: true });
    expect(data!.entries.map(({ key }) => key.split(":")[0])).toContain("chargeback");
  });
});
