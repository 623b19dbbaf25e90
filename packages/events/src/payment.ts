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
export const PaymentVoided = defineEvent(
  "payment.voided",
  1,
  Payment.describe("The payment was undone before its capture; nothing is held on the customer's means of payment."),
);

/** A provider's reason in words that a program can rely on, and in its own. */
export function declinedFor(providerReason: string): { reason: DeclineReason; providerReason: string } {
  return { reason: DeclineReason.safeParse(providerReason).data ?? "other", providerReason };
}
