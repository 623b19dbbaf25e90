import { Payment } from "@cartwright/core/payment";
import { step } from "./step.ts";

/** Answers `action_required` when the customer has to act: then this run ends, and a later one goes on. */
export const authorize = step("AuthorizePayment", async ({ checkout }, cause) => ({
  status: await Payment.authorize(checkout, cause),
}));

export const voidPayment = step("VoidPayment", async ({ orderId }, cause) => {
  await Payment.voidPayment(orderId, cause);
  return { status: "voided" };
});

export const capture = step("CapturePayment", async ({ orderId }, cause) => {
  await Payment.capture(orderId, cause);
  return { status: "captured" };
});
