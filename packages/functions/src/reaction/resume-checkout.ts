import { Order } from "@cartwright/core/order";
import { causeOf, PaymentActionCompleted } from "@cartwright/events";
import { react } from "./react.ts";

const subscriber = "ResumeCheckout";

/** Each delivery would start another run, so the inbox lets the first one through alone. */
export const handler = react(subscriber, {
  [PaymentActionCompleted.name]: (event) => {
    const delivery = { subscriber, eventId: event.id };
    return Order.resumeOnce(event.data.orderId, "payment-action", delivery, causeOf(event));
  },
});
