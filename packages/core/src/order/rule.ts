/** What may happen to an order, decided from its state alone: no I/O, no clock. */
import {
  type CancelReason,
  type Checkout,
  CheckoutResumed,
  OrderAbandoned,
  OrderCancelled,
  OrderConfirmed,
  OrderPaid,
} from "@cartwright/events";
import type { Change } from "../change.ts";
import { DomainError } from "../error.ts";
import { fact } from "../outbox.ts";
import type { OrderItem } from "./order.entity.ts";

export const transitions = {
  pending: ["confirmed", "cancelled"],
  confirmed: ["cancelled"],
  cancelled: [],
} as const satisfies Record<OrderItem["status"], readonly OrderItem["status"][]>;

export class AbandonedError extends DomainError {
  override name = "OrderAbandonedError";
  constructor(orderId: string) {
    super("conflict", "order_abandoned", `${orderId} is being cancelled and can't be confirmed`);
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

export type OrderChange = Change<Partial<Pick<OrderItem, "status" | "abandonedFor" | "reason" | "paidAt">>>;

export function confirm(order: OrderItem): OrderChange | undefined {
  if (order.status === "cancelled" || order.abandonedFor) throw new AbandonedError(order.orderId);
  if (order.status === "confirmed") return undefined;
  const { orderId, customerId } = order;
  return {
    set: move(order, "confirmed"),
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

/** Why a checkout starts again: it took too long, or the customer has done what their bank asked. */
export type Trigger = "watch" | "payment-action";

/**
 * Decides that an order will be cancelled. From here on nothing can confirm it, so undoing is safe whatever other
 * runs of its checkout are doing. A confirmed order is given up only when its payment was refused at capture.
 */
export function abandon(order: OrderItem, reason: CancelReason, failure?: Failure): OrderChange | undefined {
  if (isAbandoned(order)) return undefined;
  const refusedAtCapture = failure?.name === "CaptureRefusedError";
  if (order.status === "confirmed" && !(refusedAtCapture && !order.paidAt)) return undefined;
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
    set: { ...move(order, "cancelled"), reason },
    facts: [fact(OrderCancelled, { orderId, customerId, reason })],
  };
}

export function pay(order: OrderItem, paidAt: Date): OrderChange | undefined {
  if (order.paidAt) return undefined;
  const { orderId, customerId } = order;
  return {
    set: { paidAt: paidAt.toISOString() },
    facts: [fact(OrderPaid, { orderId, customerId, total: total(order) })],
  };
}

/** Starts the checkout again while the order is unsettled; past its deadline, to give everything back. */
export function resume(order: OrderItem, at: Date, trigger: Trigger): OrderChange | undefined {
  if (isSettled(order)) return undefined;
  const overdue = at.toISOString() > order.deadlineAt;
  const expired = overdue ? abandon(order, "expired") : undefined;
  const after = { ...order, ...expired?.set };
  return {
    set: expired?.set ?? {},
    facts: [...(expired?.facts ?? []), fact(CheckoutResumed, { ...checkout(after), trigger })],
  };
}

/** Nothing more has to happen: the money and the stock are where the status says. */
export function isSettled(order: OrderItem): boolean {
  return order.status === "cancelled" || (order.status === "confirmed" && order.paidAt !== undefined);
}

export function isAbandoned(order: OrderItem): boolean {
  return order.status === "cancelled" || order.abandonedFor !== undefined;
}

/** What the saga is started with. */
export function checkout(order: OrderItem): Checkout {
  const { orderId, customerId, sealedToken, deadlineAt } = order;
  const abandoned = isAbandoned(order);
  return { orderId, customerId, lines: quantities(order), total: total(order), sealedToken, deadlineAt, abandoned };
}

function move(order: OrderItem, to: OrderItem["status"]): { status: OrderItem["status"] } {
  const allowed: readonly string[] = transitions[order.status];
  if (!allowed.includes(to)) {
    throw new DomainError("conflict", "illegal_transition", `${order.orderId} can't go from ${order.status} to ${to}`);
  }
  return { status: to };
}

function quantities(order: OrderItem) {
  return order.lines.map(({ sku, quantity }) => ({ sku, quantity }));
}

function total(order: OrderItem) {
  return { amount: order.totalMinor, currency: order.currency };
}
