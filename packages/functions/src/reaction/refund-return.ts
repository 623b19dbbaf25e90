import { Payment } from "@cartwright/core/payment";
import { causeOf, OrderReturned } from "@cartwright/events";
import { react } from "./react.ts";

/** Decides the refund of a return, once; the provider is asked for it by another reaction. */
export const handler = react("RefundReturn", {
  [OrderReturned.name]: (event) => Payment.refundReturn(event.data.orderId, event.data, causeOf(event)),
});
