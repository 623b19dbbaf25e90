import type { Money } from "@cartwright/events";
import { DomainError } from "../error.ts";
import { inWords } from "../money.ts";

export class NotFoundError extends DomainError {
  override name = "PaymentNotFoundError";
  constructor(id: string) {
    super("not_found", "payment_not_found", `there is no payment ${id}`);
  }
}

export class DeclinedError extends DomainError {
  override name = "PaymentDeclinedError";
  constructor(orderId: string, reason: string) {
    super("conflict", "payment_declined", `the payment of ${orderId} was declined: ${reason}`);
  }
}

export class InsufficientFundsError extends DomainError {
  override name = "InsufficientFundsError";
  constructor(orderId: string) {
    super("conflict", "insufficient_funds", `the payment of ${orderId} was declined: insufficient funds`);
  }
}

export class VoidedError extends DomainError {
  override name = "PaymentVoidedError";
  constructor(orderId: string) {
    super("conflict", "payment_voided", `the payment of ${orderId} was voided: its checkout has been undone`);
  }
}

export class NotAuthorizedError extends DomainError {
  override name = "PaymentNotAuthorizedError";
  constructor(orderId: string, status: string) {
    super(
      "conflict",
      "payment_not_authorized",
      `the payment of ${orderId} is ${status}: only an authorized one is captured`,
    );
  }
}

export class RefundTooLargeError extends DomainError {
  override name = "RefundTooLargeError";
  constructor(asked: Money, refundable: Money) {
    const detail = `${inWords(asked)} can't be refunded: of this payment at most ${inWords(refundable)} can`;
    super("conflict", "refund_too_large", detail, {
      faults: [{ path: "amount.amount", code: "refund_too_large", message: `expected at most ${refundable.amount}` }],
    });
  }
}

/** How much is left to refund depends on refunds that the provider, or on chargebacks that a bank, has not finished. */
export class RefundUnderWayError extends DomainError {
  override name = "RefundUnderWayError";
  constructor(orderId: string) {
    const detail = `other refunds or chargebacks of ${orderId} are under way, and what is left is less than this one: wait for them`;
    super("unavailable", "refund_under_way", detail);
  }
}

export class NothingToRefundError extends DomainError {
  override name = "NothingToRefundError";
  constructor(id: string) {
    super("conflict", "nothing_to_refund", `nothing of ${id} can be refunded: see its attempts`);
  }
}

export class TooManyRefundsError extends DomainError {
  override name = "TooManyRefundsError";
  constructor(id: string, most: number) {
    super("conflict", "too_many_refunds", `${id} has had ${most} refunds, which is as many as a payment can have`);
  }
}

export class NoActionError extends DomainError {
  override name = "NoActionRequiredError";
  constructor(id: string, status: string) {
    super("conflict", "no_action_required", `${id} is ${status}: there is nothing for the customer to confirm`);
  }
}
