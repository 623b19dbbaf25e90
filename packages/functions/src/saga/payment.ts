import { Payment } from "@cartwright/core/payment";
import { step } from "./step.ts";

/** Answers `waiting` when the customer or the provider has to act: then this run ends, and a later one goes on. */
export const authorize = step("AuthorizePayment", async ({ checkout }, cause) => ({
  status: await Payment.authorize(checkout, cause),
}));

/** Voids what is held and refunds what was captured. */
export const undo = step("VoidPayment", async ({ orderId }, cause) => {
  await Payment.undo(orderId, cause);
  return { status: "undone" };
});

export const capture = step("CapturePayment", async ({ orderId }, cause) => ({
  status: await Payment.capture(orderId, cause),
}));
