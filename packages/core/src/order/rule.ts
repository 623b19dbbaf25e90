/**
 * What may happen to an order until it is sent, decided from its state alone: no I/O, no clock. What comes then is in
 * fulfilment-rule.ts and return-rule.ts.
 */
import {
  type CancelReason,
  type Checkout,
  CheckoutResumed,
  type Money,
  OrderAbandoned,
  OrderCancellationRequested,
  OrderCancelled,
  OrderConfirmed,
  OrderPaid,
  OrderRefunded,
  OrderRefundReversed,
} from "@cartwright/events";
import type { Change } from "../change.ts";
import { DomainError } from "../error.ts";
import { type Fact, fact } from "../outbox.ts";
import { move, type Transitions } from "../transition.ts";
import type { OrderItem } from "./order.entity.ts";

export const transitions = {
  pending: ["confirmed", "cancelled"],
  confirmed: ["fulfilled", "cancelled"],
  fulfilled: ["returned"],
  cancelled: [],
  returned: [],
} as const satisfies Transitions<OrderItem["status"]>;

export class AbandonedError extends DomainError {
  override name = "OrderAbandonedError";
  constructor(orderId: string) {
    super("conflict", "order_abandoned", `${orderId} is being cancelled and can't be confirmed`);
  }
}

/** It comes too late: what was held for the order may have been given to somebody else. */
export class OverdueError extends DomainError {
  override name = "OrderOverdueError";
  constructor(orderId: string) {
    super("conflict", "order_overdue", `${orderId} took too long and can't be confirmed any more`);
  }
}

export class NotAbandonedError extends DomainError {
  override name = "OrderNotAbandonedError";
  constructor(orderId: string) {
    super(
      "conflict",
      "order_not_abandoned",
      `${orderId} can't be cancelled before it is abandoned: its undo has not run`,
    );
  }
}

export class NotCancellableError extends DomainError {
  override name = "OrderNotCancellableError";
  constructor(orderId: string, why: string) {
    super("conflict", "order_not_cancellable", `${orderId} can't be cancelled: ${why}`);
  }
}

/** All that may change of an order once it is placed. */
export type Changing =
  | "status"
  | "abandonedFor"
  | "reason"
  | "paidAt"
  | "cancelKey"
  | "lateCaptureAt"
  | "refunds"
  | "fulfilments"
  | "returns"
  | "erasure"
  | "fingerprint";
export type OrderChange = Change<Partial<Pick<OrderItem, Changing>>>;

export function confirm(order: OrderItem, at: Date): OrderChange | undefined {
  if (isAbandoned(order)) throw new AbandonedError(order.orderId);
  if (order.status !== "pending") return undefined;
  if (isOverdue(order, at)) throw new OverdueError(order.orderId);
  const { orderId, customerId } = order;
  return {
    set: movedTo("confirmed", order),
    facts: [fact(OrderConfirmed, { orderId, customerId, lines: quantities(order), total: total(order) })],
  };
}

/** A step towards a settled order. */
export type Step = "reserve" | "authorize" | "confirm" | "capture";

/** What stopped a checkout: the name of the error, and the step that threw it. */
export interface Failure {
  name: string;
  step?: Step | undefined;
}

/**
 * Why a checkout starts again: it took too long, the customer has done what their bank asked, somebody cancelled the
 * order, or its money came when nobody expected it any more.
 */
export type Trigger = "watch" | "payment-action" | "cancellation" | "late-capture";

/**
 * Decides that an order will be cancelled. From here on nothing can confirm it, so undoing is safe whatever other
 * runs of its checkout are doing. A confirmed order is given up only when its payment was refused at capture, and none
 * of which something has been sent.
 */
export function abandon(order: OrderItem, reason: CancelReason, failure?: Failure): OrderChange | undefined {
  if (isAbandoned(order) || hasBeenSent(order)) return undefined;
  const refusedAtCapture = failure?.name === "CaptureRefusedError";
  if (order.status !== "pending" && !(refusedAtCapture && !order.paidAt)) return undefined;
  const { orderId, customerId } = order;
  const why = { ...(failure?.step && { step: failure.step }), ...(failure?.name && { error: failure.name }) };
  return { set: { abandonedFor: reason }, facts: [fact(OrderAbandoned, { orderId, customerId, reason, ...why })] };
}

/** The last step of the undo: stock and money have been given back. */
export function cancel(order: OrderItem): OrderChange | undefined {
  if (order.status === "cancelled") return undefined;
  if (!order.abandonedFor) throw new NotAbandonedError(order.orderId);
  const { orderId, customerId } = order;
  const reason = order.abandonedFor as CancelReason;
  return {
    set: { ...movedTo("cancelled", order), reason },
    facts: [fact(OrderCancelled, { orderId, customerId, reason })],
  };
}

/**
 * Cancels an order that is still to be fulfilled, whether it is pending, confirmed or paid: the checkout starts again to
 * give back its stock and money. This and `confirm` are writes of one item, so one of them comes first.
 */
export function requestCancellation(
  order: OrderItem,
  by: "customer" | "staff",
  cancelKey: string,
): OrderChange | undefined {
  const { orderId, customerId } = order;
  if (isAbandoned(order)) return undefined;
  if (hasBeenSent(order)) throw new NotCancellableError(orderId, "goods of it have been sent: they can be returned");
  const reason = `${by}_request` as const;
  const abandonedFor = reason;
  return {
    set: { abandonedFor, cancelKey },
    facts: [
      fact(OrderCancellationRequested, { orderId, customerId, by }),
      fact(OrderAbandoned, { orderId, customerId, reason }),
      resumed({ ...order, abandonedFor }, "cancellation"),
    ],
  };
}

/**
 * The money is there. Of an order that is pending still the checkout goes on, to confirm it; of one that was given up,
 * to give the money back, which it does once however often this is told.
 */
export function pay(order: OrderItem, paidAt: Date): OrderChange | undefined {
  const at = paidAt.toISOString();
  if (order.paidAt) return undefined;
  if (isAbandoned(order)) {
    if (order.lateCaptureAt) return undefined;
    return { set: { lateCaptureAt: at }, facts: [resumed(order, "late-capture")] };
  }
  const { orderId, customerId } = order;
  return {
    set: { paidAt: at },
    facts: [
      fact(OrderPaid, { orderId, customerId, total: total(order) }),
      ...(order.status === "pending" ? [resumed(order, "late-capture")] : []),
    ],
  };
}

/**
 * The order says what was paid back of it. A refund counts once, and no more when the bank has sent it back: the later
 * event of its payment decides, in whichever order they come.
 */
export function refund(
  order: OrderItem,
  { refundId, amount, succeeded, sequence }: { refundId: string; amount: Money; succeeded: boolean; sequence: number },
): OrderChange | undefined {
  const known = order.refunds?.[refundId];
  if (known && known.sequence >= sequence) return undefined;
  const { orderId, customerId } = order;
  const refunds = { ...order.refunds, [refundId]: { amountMinor: succeeded ? amount.amount : 0, sequence } };
  const refunded = refundedOf({ ...order, refunds });
  const event = succeeded ? OrderRefunded : OrderRefundReversed;
  return { set: { refunds }, facts: [fact(event, { orderId, customerId, refundId, amount, refunded })] };
}

export function refundedOf(order: OrderItem): Money {
  const amount = Object.values(order.refunds ?? {}).reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  return { amount, currency: order.currency };
}

/** Starts the checkout again while the order is unsettled; past its deadline, to give everything back. */
export function resume(order: OrderItem, at: Date, trigger: Trigger): OrderChange | undefined {
  if (isSettled(order)) return undefined;
  const expired = isOverdue(order, at) ? abandon(order, "expired") : undefined;
  const after = { ...order, ...expired?.set };
  return {
    set: expired?.set ?? {},
    facts: [...(expired?.facts ?? []), resumed(after, trigger)],
  };
}

function resumed(order: OrderItem, trigger: Trigger): Fact {
  return fact(CheckoutResumed, { ...checkout(order), trigger });
}

/** Nothing more has to happen: the money and the stock are where the status says. */
export function isSettled(order: OrderItem): boolean {
  if (order.status === "confirmed") return order.paidAt !== undefined && !order.abandonedFor;
  return order.status !== "pending";
}

export function isAbandoned(order: OrderItem): boolean {
  return order.status === "cancelled" || order.abandonedFor !== undefined;
}

/** What the saga is started with. */
export function checkout(order: OrderItem): Checkout {
  // One that is erased has no token any more, and a checkout that can only undo asks for none.
  const { orderId, customerId, sealedToken = "", deadlineAt } = order;
  const abandoned = isAbandoned(order);
  return { orderId, customerId, lines: quantities(order), total: total(order), sealedToken, deadlineAt, abandoned };
}

/** Whether any of it has left the house: then there is no undoing the order, but returning it. */
function hasBeenSent(order: OrderItem): boolean {
  return order.status === "fulfilled" || order.status === "returned" || Boolean(order.fulfilments?.length);
}

function isOverdue(order: OrderItem, at: Date): boolean {
  return at.toISOString() > order.deadlineAt;
}

export function movedTo(to: OrderItem["status"], { orderId, status }: OrderItem): Pick<OrderItem, "status"> {
  return { status: move(transitions, orderId, status, to) };
}

function quantities(order: OrderItem) {
  return order.lines.map(({ sku, quantity }) => ({ sku, quantity }));
}

function total(order: OrderItem) {
  return { amount: order.totalMinor, currency: order.currency };
}
