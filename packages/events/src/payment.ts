import * as z from "zod";
import { eventsOf, upcast } from "./definition.ts";
import { idSchema } from "./id.ts";
import { Money } from "./money.ts";

const defineEvent = eventsOf("payment");

const Payment = z.object({ paymentId: idSchema("pay"), orderId: idSchema("ord"), amount: Money });

export const DeclineReason = z.enum(["card_declined", "insufficient_funds", "refused_by_bank", "other"]);
export type DeclineReason = z.infer<typeof DeclineReason>;

/** Version 1 passed the provider's words on, which nobody could rely on. */
const DeclinedV1 = Payment.extend({ reason: z.string() });
const Declined = Payment.extend({ reason: DeclineReason, providerReason: z.string() });

export const PaymentAuthorized = defineEvent("payment.authorized", 1, Payment);
export const PaymentDeclined = defineEvent("payment.declined", 2, Declined, {
  from: { 1: upcast(DeclinedV1, Declined, (v1) => ({ ...v1, ...declinedFor(v1.reason) })) },
});
export const PaymentActionRequired = defineEvent("payment.action-required", 1, Payment);
export const PaymentActionCompleted = defineEvent(
  "payment.action-completed",
  1,
  Payment.extend({ approved: z.boolean() }),
);
export const PaymentCaptured = defineEvent("payment.captured", 1, Payment);
export const PaymentVoided = defineEvent("payment.voided", 1, Payment);

/** A provider's reason in words that a program can rely on, and in its own. */
export function declinedFor(providerReason: string): { reason: DeclineReason; providerReason: string } {
  return { reason: DeclineReason.safeParse(providerReason).data ?? "other", providerReason };
}
