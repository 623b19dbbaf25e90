import { Order } from "@cartwright/core/order";
import { causeOf, PaymentActionCompleted } from "@cartwright/events";
import { react } from "./react.ts";

export const handler = react("ResumeCheckout", {
  [PaymentActionCompleted.name]: async (event) => {
    await Order.resume(event.data.orderId, causeOf(event));
  },
});
