import * as z from "zod";
import { defineEvent } from "./envelope.ts";
import { idSchema } from "./id.ts";
import { Money } from "./money.ts";

const Payment = z.object({ paymentId: idSchema("pay"), orderId: idSchema("ord"), amount: Money });

export const PaymentAuthorized = defineEvent("payment", "payment.authorized", 1, Payment);
export const PaymentDeclined = defineEvent("payment", "payment.declined", 1, Payment.extend({ reason: z.string() }));
export const PaymentActionRequired = defineEvent("payment", "payment.action-required", 1, Payment);
export const PaymentActionCompleted = defineEvent(
  "payment",
  "payment.action-completed",
  1,
  Payment.extend({ approved: z.boolean() }),
);
export const PaymentCaptured = defineEvent("payment", "payment.captured", 1, Payment);
export const PaymentVoided = defineEvent("payment", "payment.voided", 1, Payment);
