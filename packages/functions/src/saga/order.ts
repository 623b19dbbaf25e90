import { Order } from "@cartwright/core/order";
import { step } from "./step.ts";

export const confirm = step("ConfirmOrder", async ({ orderId }, cause) => {
  await Order.confirm(orderId, cause);
  return { status: "confirmed" };
});

/** Decides the undo. `abandoned: false` means that another run has confirmed the order: nothing may be undone. */
export const abandon = step("AbandonOrder", async ({ orderId, error }, cause) => ({
  abandoned: await Order.abandon(orderId, { name: error?.Error ?? "" }, cause),
}));

export const cancel = step("CancelOrder", async ({ orderId }, cause) => {
  await Order.cancel(orderId, cause);
  return { status: "cancelled" };
});
