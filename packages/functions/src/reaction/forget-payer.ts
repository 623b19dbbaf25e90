import { Payment } from "@cartwright/core/payment";
import { causeOf, OrderAnonymized } from "@cartwright/events";
import { react } from "./react.ts";

/** What staff noted about the money of somebody who is forgotten is forgotten with the order. */
export const handler = react("ForgetPayer", {
  [OrderAnonymized.name]: (event) => Payment.forget(event.data.orderId, causeOf(event)),
});
