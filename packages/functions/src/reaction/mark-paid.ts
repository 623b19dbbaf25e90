import { Order } from "@cartwright/core/order";
import { on, PaymentCaptured } from "@cartwright/events";
import { causeOf, react } from "./react.ts";

export const handler = react(
  "mark-paid",
  on(PaymentCaptured, (event) => Order.markPaid(event.data.orderId, causeOf(event))),
);
