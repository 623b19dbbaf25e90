import * as z from "zod";
import { eventsOf, upcast } from "./definition.ts";
import { idSchema } from "./id.ts";
import { Money } from "./money.ts";

const defineEvent = eventsOf("payment");

const Payment = z.object({ paymentId: idSchema("pay"), orderId: idSchema("ord"), amount: Money });

export const DeclineReason = z.enum(["card_declined", "insufficient_funds", "refused_by_bank", "other"]);
export type DeclineReason = z.infer<typeof DeclineReason>;

/** Version 1 passed the provider's words on, which nobody could rely on. */
const DeclinedV1 = Payment.extend({
  reason: z.string().meta({ description: "In the provider's words.", examples: ["do_not_honour"] }),
});
const Declined = Payment.extend({
  reason: DeclineReason.describe("In words of ours, for programs."),
  providerReason: z.string().meta({ description: "In the provider's words, for people.", examples: ["do_not_honour"] }),
}).describe("The customer's bank or the provider refused the payment, so its order will be abandoned.");

export const PaymentAuthorized = defineEvent(
  "payment.authorized",
  1,
  Payment.describe("The order's total is held on the customer's means of payment, and can be captured."),
);
export const PaymentDeclined = defineEvent("payment.declined", 2, Declined, {
  from: { 1: upcast(DeclinedV1, Declined, (v1) => ({ ...v1, ...declinedFor(v1.reason) })) },
});
export const PaymentActionRequired = defineEvent(
  "payment.action-required",
  1,
  Payment.describe("The customer's bank asks them to confirm the payment; the checkout waits for that."),
);
export const PaymentActionCompleted = defineEvent(
  "payment.action-completed",
  1,
  Payment.extend({ approved: z.boolean().describe("Whether the customer agreed.") }).describe(
    "The provider tells how the customer answered their bank, and the checkout can go on.",
  ),
);
export const PaymentCaptured = defineEvent(
  "payment.captured",
  1,
  Payment.describe("What was authorized has been collected: the money is ours."),
);
export const PaymentCaptureRefused = defineEvent(
  "payment.capture-refused",
  1,
  Payment.extend({
    providerReason: z
      .string()
      .meta({ description: "In the provider's words, for people.", examples: ["charge_expired_for_capture"] }),
  }).describe("The provider will never collect what it had authorized, so the order is given up."),
);
export const PaymentVoidRequested = defineEvent(
  "payment.void-requested",
  1,
  Payment.describe("The payment's checkout is undone: what the provider holds for it will be given back."),
);
export const PaymentVoided = defineEvent(
  "payment.voided",
  1,
  Payment.describe("The payment was undone before its capture; nothing is held on the customer's means of payment."),
);

const Refund = Payment.extend({
  refundId: z.string().meta({
    description: "Ours begins with `rfd_`; one made at the provider itself has the provider's id.",
    examples: ["rfd_01J9ZC5Q8MXW3VT0S6K2F4B7RD"],
  }),
  amount: Money.describe("Of this refund."),
});

export const PaymentRefundRequested = defineEvent(
  "payment.refund-requested",
  1,
  Refund.extend({
    // No enum: what asks for refunds may grow without a new version.
    origin: z.string().meta({
      description: "What asked for it: `staff`, `return`, `cancellation` or `reconciliation` today.",
      examples: ["staff"],
    }),
  }).describe("A refund is decided and set aside; the provider will be asked for it."),
);
export const PaymentRefundAccepted = defineEvent(
  "payment.refund-accepted",
  1,
  Refund.describe("The provider has taken the refund on, and will tell when it is through."),
);
export const PaymentRefunded = defineEvent(
  "payment.refunded",
  1,
  Refund.describe("Captured money has been paid back to the customer."),
);
export const PaymentRefundFailed = defineEvent(
  "payment.refund-failed",
  1,
  Refund.extend({
    providerReason: z
      .string()
      .meta({ description: "In the provider's words, for people.", examples: ["expired_or_canceled_card"] }),
  }).describe("The provider could not pay the money back: a person has to see to it."),
);

const Chargeback = Payment.extend({
  disputeId: z.string().meta({ description: "The provider's id of it.", examples: ["dp_1MtJUT2eZvKYlo2CNaw2HvEv"] }),
  amount: Money.describe("What the bank has taken back."),
});
export const PaymentChargedBack = defineEvent(
  "payment.charged-back",
  1,
  Chargeback.extend({
    providerReason: z.string().meta({ description: "In the provider's words, for people.", examples: ["fraudulent"] }),
  }).describe("The customer's bank has taken the money back; somebody may answer it at the provider."),
);
export const PaymentChargebackClosed = defineEvent(
  "payment.chargeback-closed",
  1,
  Chargeback.extend({ won: z.boolean().describe("Whether the money is ours again.") }).describe(
    "The bank has decided about a chargeback.",
  ),
);

export const PaymentOutcomeUnknown = defineEvent(
  "payment.outcome-unknown",
  1,
  Payment.extend({
    step: z.string().meta({
      description: "What the provider was asked: `authorize`, `capture`, `void` or `refund`.",
      examples: ["authorize"],
    }),
  }).describe(
    "The provider gave no answer, nor does it know of the call: it may still have happened, so it is asked again.",
  ),
);
export const PaymentMismatched = defineEvent(
  "payment.mismatched",
  1,
  Payment.extend({
    code: z.string().meta({ description: "What differs.", examples: ["amount_differs"] }),
    detail: z.string().meta({ examples: ["we have captured 1999, the provider 2999"] }),
  }).describe("Our ledger and the provider's books differ in a way that no rule mends."),
);
export const PaymentNotified = defineEvent(
  "payment.notified",
  1,
  Payment.pick({ paymentId: true, orderId: true })
    .extend({
      provider: z.string().meta({ examples: ["stripe"] }),
      notificationId: z
        .string()
        .meta({ description: "The provider's id of it.", examples: ["evt_1NG8Du2eZvKYlo2CUI79vXWy"] }),
      type: z.string().meta({ description: "In the provider's words.", examples: ["payment_intent.succeeded"] }),
    })
    .describe("A genuine webhook of the provider has arrived: a hint to look at the payment again."),
);
export const PaymentAnonymized = defineEvent(
  "payment.anonymized",
  1,
  Payment.pick({ paymentId: true, orderId: true }).describe(
    "Somebody asked to be forgotten: the payment's ledger is kept without free text.",
  ),
);

/** A provider's reason in words that a program can rely on, and in its own. */
export function declinedFor(providerReason: string): { reason: DeclineReason; providerReason: string } {
  return { reason: DeclineReason.safeParse(providerReason).data ?? "other", providerReason };
}
