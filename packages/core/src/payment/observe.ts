/** The one way by which what a provider says gets into the ledger. */
import {
  declinedFor,
  PaymentActionCompleted,
  PaymentActionRequired,
  PaymentAuthorized,
  PaymentCaptured,
  PaymentChargebackClosed,
  PaymentChargedBack,
  PaymentDeclined,
  PaymentRefundAccepted,
  PaymentRefunded,
  PaymentRefundFailed,
  PaymentVoided,
} from "@cartwright/events";
import { fact } from "../outbox.ts";
import { attemptsOf, isSettled, refundIdOf, refundKeyOf, statusOf } from "./ledger.ts";
import type { PaymentItem } from "./payment.entity.ts";
import type { Charge, Dispute, Refund } from "./provider.ts";
import { type Addition, amountOf, describe, outcomeOf, providerKey, referenceOf } from "./rule.ts";

/**
 * Takes in what the provider says of a payment, however late or often: what the ledger knows already adds nothing. A
 * payment that is being voided learns of captures, voids and refunds, but not of an authorization: that is given back.
 */
export function observe(known: PaymentItem, charge: Charge): Addition | undefined {
  const { amount: amountMinor, currency } = charge.amount;
  const learnt = known.currency === undefined ? { amountMinor, currency } : undefined;
  const payment = { ...known, ...learnt };
  const parts = [
    observeAuthorization(payment, charge),
    observeCapture(payment, charge),
    observeVoid(payment, charge),
    ...charge.refunds.map((refund) => observeRefund(payment, refund)),
    ...charge.disputes.map((dispute) => observeDispute(payment, dispute)),
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return undefined;
  return {
    entries: parts.flatMap(({ entries }) => entries),
    facts: parts.flatMap(({ facts }) => facts),
    ...(learnt && { set: learnt }),
  };
}

function observeAuthorization(payment: PaymentItem, charge: Charge): Addition | undefined {
  const status = statusOf(payment.entries);
  if (status !== "intent" && status !== "action_required") return undefined;
  const asked = status === "action_required";
  const { reference } = charge;
  if (charge.status === "action_required") {
    if (asked) return undefined;
    const entry = { key: "action", outcome: "pending" as const, reference };
    return { entries: [entry], facts: [fact(PaymentActionRequired, describe(payment))] };
  }
  if (charge.status === "declined") {
    const reason = charge.reason ?? "declined";
    return {
      entries: [
        { key: "authorize", outcome: "failed", ...asMinor(payment), reference, reason },
        ...(asked ? [{ key: "action", outcome: "failed" as const, reference, reason }] : []),
      ],
      facts: [
        fact(PaymentDeclined, { ...describe(payment), ...declinedFor(reason) }),
        ...(asked ? [fact(PaymentActionCompleted, { ...describe(payment), approved: false })] : []),
      ],
    };
  }
  if (charge.status !== "authorized" && charge.status !== "captured") return undefined;
  return {
    entries: [
      { key: "authorize", outcome: "succeeded", amountMinor: charge.amount.amount, reference },
      ...(asked ? [{ key: "action", outcome: "succeeded" as const, reference }] : []),
    ],
    facts: [
      fact(PaymentAuthorized, describe(payment)),
      ...(asked ? [fact(PaymentActionCompleted, { ...describe(payment), approved: true })] : []),
    ],
  };
}

function observeCapture(payment: PaymentItem, charge: Charge): Addition | undefined {
  if (charge.status !== "captured" || outcomeOf(payment, "capture") === "succeeded") return undefined;
  const { capturedMinor: amountMinor } = charge;
  const amount = { ...amountOf(payment), amount: amountMinor };
  const voiding = outcomeOf(payment, "void");
  return {
    entries: [
      { key: "capture", outcome: "succeeded", amountMinor, ...unlessKnown(payment, charge) },
      ...(voiding && !isSettled(voiding) ? [tooLate] : []),
    ],
    facts: [fact(PaymentCaptured, { ...describe(payment), amount })],
  };
}

/** What was captured can't be voided: a refund takes its place. */
export const tooLate = { key: "void", outcome: "failed", reason: "captured" } as const;

function observeVoid(payment: PaymentItem, charge: Charge): Addition | undefined {
  if (charge.status !== "voided" || outcomeOf(payment, "void") === "succeeded") return undefined;
  return voided(payment, unlessKnown(payment, charge).reference);
}

/** The ledger names the provider's id of a charge once: its size decides what a write costs. */
function unlessKnown(payment: PaymentItem, { reference }: Charge): { reference?: string } {
  return referenceOf(payment) === reference ? {} : { reference };
}

/** Nothing is held any more, as the provider says. */
export function voided(payment: PaymentItem, reference?: string): Addition {
  const asked = outcomeOf(payment, "action") === "pending";
  return {
    entries: [
      { key: "void", outcome: "succeeded", ...(reference && { reference }) },
      ...(asked ? [{ key: "action", outcome: "failed" as const, reason: "voided" }] : []),
    ],
    facts: [fact(PaymentVoided, describe(payment))],
  };
}

/** Refunds made at the provider itself are taken into the ledger: the money is gone, whoever sent it. */
export function observeRefund(payment: PaymentItem, refund: Refund): Addition | undefined {
  const { reference, status: outcome, amountMinor, reason } = refund;
  const key = keyOfRefund(payment, refund);
  const known = attemptsOf(payment.entries).get(key);
  // A bank may still send a refund back that was through, but nothing that failed comes to life again.
  if (known?.outcome === outcome || known?.outcome === "failed") return undefined;
  if (known?.outcome === "succeeded" && outcome === "pending") return undefined;
  const about = {
    ...describe(payment),
    refundId: refundIdOf(key),
    amount: { ...amountOf(payment), amount: amountMinor },
  };
  return {
    entries: [
      { key, outcome, amountMinor, reference, ...(reason && { reason }), ...(!known && { origin: "provider" }) },
    ],
    facts: [
      outcome === "succeeded"
        ? fact(PaymentRefunded, about)
        : outcome === "pending"
          ? fact(PaymentRefundAccepted, about)
          : fact(PaymentRefundFailed, { ...about, providerReason: reason ?? "unknown" }),
    ],
  };
}

function keyOfRefund({ orderId }: PaymentItem, { key, reference }: Refund): string {
  const ours = providerKey(orderId, refundKeyOf(""));
  return refundKeyOf(key?.startsWith(ours) ? key.slice(ours.length) : reference);
}

function observeDispute(payment: PaymentItem, dispute: Dispute): Addition | undefined {
  const { reference, amountMinor, reason = "unknown" } = dispute;
  const key = `chargeback:${reference}`;
  const known = attemptsOf(payment.entries).get(key);
  const outcome = dispute.status === "open" ? "pending" : dispute.status === "lost" ? "succeeded" : "failed";
  if (known && (isSettled(known.outcome) || known.outcome === outcome)) return undefined;
  const amount = { ...amountOf(payment), amount: amountMinor };
  const about = { ...describe(payment), disputeId: reference, amount };
  return {
    entries: [{ key, outcome, amountMinor, reference, reason }],
    facts: [
      ...(known ? [] : [fact(PaymentChargedBack, { ...about, providerReason: reason })]),
      ...(outcome === "pending" ? [] : [fact(PaymentChargebackClosed, { ...about, won: outcome === "failed" })]),
    ],
  };
}

function asMinor({ amountMinor }: PaymentItem): { amountMinor?: number } {
  return amountMinor === undefined ? {} : { amountMinor };
}
