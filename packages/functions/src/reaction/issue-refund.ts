import { Payment } from "@cartwright/core/payment";
import { causeOf, PaymentRefundRequested } from "@cartwright/events";
import { react } from "./react.ts";

/** The provider is asked under the refund's own key, so that it pays once however often this comes. */
export const handler = react("IssueRefund", {
  [PaymentRefundRequested.name]: async (event) => {
    const { orderId, refundId } = event.data;
    await Payment.issueRefund(orderId, Payment.refundKeyOf(refundId), causeOf(event));
  },
});
