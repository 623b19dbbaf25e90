import { Order } from "@cartwright/core/order";
import { step } from "./step.ts";

export const confirm = step("ConfirmOrder", async ({ orderId }, cause) => {
  await Order.confirm(orderId, cause);
  return { status: "confirmed" };
});

/** The states that may fail, as events call them. */
const steps: Record<string, Order.Step> = {
  ReserveStock: "reserve",
  AuthorizePayment: "authorize",
  ConfirmOrder: "confirm",
  CapturePayment: "capture",
};

/** Decides the undo. `abandoned: false` means that another run has confirmed the order: nothing may be undone. */
export const abandon = step("AbandonOrder", async ({ orderId, step: failed, error }, cause) => {
  const failure = { name: error?.Error ?? "", step: steps[failed ?? ""] };
  return { abandoned: await Order.abandon(orderId, failure, cause) };
});

export const cancel = step("CancelOrder", async ({ orderId }, cause) => {
  await Order.cancel(orderId, cause);
  return { status: "cancelled" };
});
