import { Payment } from "@cartwright/core/payment";
import {
  causeOf,
  type EventOf,
  PaymentChargebackClosed,
  PaymentChargedBack,
  PaymentMismatched,
  PaymentOutcomeUnknown,
  PaymentRefundFailed,
} from "@cartwright/events";
import { react } from "./react.ts";

type AboutPayment = EventOf<
  | typeof PaymentChargebackClosed
  | typeof PaymentChargedBack
  | typeof PaymentMismatched
  | typeof PaymentOutcomeUnknown
  | typeof PaymentRefundFailed
>;
const review = (event: AboutPayment) => Payment.review(event.data.orderId, causeOf(event));

/** Looks at a payment again; what is still wrong becomes a letter for a person, with all that is known of it. */
export const handler = react("NeedsOperator", {
  [PaymentChargebackClosed.name]: review,
  [PaymentChargedBack.name]: review,
  [PaymentMismatched.name]: review,
  [PaymentOutcomeUnknown.name]: review,
  [PaymentRefundFailed.name]: review,
});
