import { Order } from "@cartwright/core/order";
import { on, PaymentActionCompleted } from "@cartwright/events";
import { causeOf, react } from "./react.ts";

export const handler = react(
  "resume-checkout",
  on(PaymentActionCompleted, async (event) => {
    await Order.resume(event.data.orderId, causeOf(event));
  }),
);
