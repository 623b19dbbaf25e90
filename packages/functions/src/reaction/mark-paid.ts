import { Order } from "@cartwright/core/order";
import { causeOf, PaymentCaptured } from "@cartwright/events";
import { react } from "./react.ts";

export const handler = react("MarkPaid", {
  [PaymentCaptured.name]: (event) => Order.markPaid(event.data.orderId, causeOf(event)),
});
