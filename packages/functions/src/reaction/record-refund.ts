import { Order } from "@cartwright/core/order";
import { causeOf, type EventOf, PaymentRefunded, PaymentRefundFailed } from "@cartwright/events";
import { react } from "./react.ts";

const record = (event: EventOf<typeof PaymentRefunded | typeof PaymentRefundFailed>, succeeded: boolean) => {
  const { orderId, refundId, amount } = event.data;
  return Order.recordRefund(orderId, { refundId, amount, succeeded, sequence: event.sequence }, causeOf(event));
};

/** The order says how much of its money has gone back, and what of it came back again. */
export const handler = react("RecordRefund", {
  [PaymentRefunded.name]: (event) => record(event, true),
  [PaymentRefundFailed.name]: (event) => record(event, false),
});
