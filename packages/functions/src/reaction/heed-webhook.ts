import { Payment } from "@cartwright/core/payment";
import { causeOf, PaymentNotified } from "@cartwright/events";
import { react } from "./react.ts";

/** A webhook says where to look; what is true the provider is asked. So late, repeated and old ones do no harm. */
export const handler = react("HeedWebhook", {
  [PaymentNotified.name]: async (event) => {
    await Payment.reconcileAndTell(event.data.orderId, causeOf(event));
  },
});
