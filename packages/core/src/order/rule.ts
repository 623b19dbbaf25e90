/** What may happen to an order, decided from its state alone: no I/O, no clock. */
import {
  type CancelReason,
  type Checkout,
  CheckoutResumed,
  type Money,
  OrderAbandoned,
  OrderCancellationRequested,
  OrderCancelled,
  OrderConfirmed,
  type OrderLine,
  OrderPaid,
  OrderRefunded,
  OrderRefundReversed,
  OrderReturned,
} from "@cartwright/events";
import type { Change } from "../change.ts";
import { DomainError, type Fault } from "../error.ts";
import { type Fact, fact } from "../outbox.ts";
import type { OrderItem, StoredReturn } from "./order.entity.ts";

export const transitions = {
  pending: ["confirmed", "cancelled"],
  confirmed: ["cancelled", "returned"],
  cancelled: [],
  returned: [],
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

export class NotCancellableError extends DomainError {
  override name = "OrderNotCancellableError";
  constructor(orderId: string, why: string) {
    super("conflict", "order_not_cancellable", `${orderId} can't be cancelled: ${why}`);
  }
}

export class NotReturnableError extends DomainError {
  override name = "OrderNotReturnableError";
  constructor(orderId: string, why: string, faults?: Fault[]) {
    super("conflict", "order_not_returnable", `nothing of ${orderId} can be returned: ${why}`, faults && { faults });
  }
}

type Changing = "status" | "abandonedFor" | "reason" | "paidAt" | "cancelKey" | "lateCaptureAt" | "refunds" | "returns";
export type OrderChange = Change<Partial<Pick<OrderItem, Changing>>>;

export function confirm(order: OrderItem): OrderChange | undefined {
  if (order.status === "cancelled" || order.abandonedFor) throw new AbandonedError(order.orderId);
  if (order.status !== "pending") return undefined;
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

/**
 * Why a checkout starts again: it took too long, the customer has done what their bank asked, somebody cancelled the
 * order, or its money came when nobody expected it any more.
 */
export type Trigger = "watch" | "payment-action" | "cancellation" | "late-capture";

/**
 * Decides that an order will be cancelled. From here on nothing can confirm it, so undoing is safe whatever other
 * runs of its checkout are doing. A confirmed order is given up only when its payment was refused at capture.
 */
export function abandon(order: OrderItem, reason: CancelReason, failure?: Failure): OrderChange | undefined {
  if (isAbandoned(order) || order.status === "returned") return undefined;
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
  if (order.status === "returned") throw new NotCancellableError(orderId, "it has been returned");
  if (order.returns?.length) throw new NotCancellableError(orderId, "some of it has been returned: return the rest");
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

/** An order is one item, and an item has an end. */
const maximumReturns = 50;

/** Goods of a paid order come back, each unit once. With the last of them the order is `returned`. */
export function recordReturn(
  order: OrderItem,
  given: Pick<StoredReturn, "id" | "lines" | "restock" | "reason" | "createdAt" | "fingerprint">,
): OrderChange {
  const { orderId, customerId } = order;
  if (isAbandoned(order)) throw new NotReturnableError(orderId, "it is cancelled, and its money goes back anyway");
  if ((order.returns?.length ?? 0) >= maximumReturns) {
    throw new NotReturnableError(
      orderId,
      `it has had ${maximumReturns} returns, which is as many as an order can have`,
    );
  }
  if (order.status === "pending" || !order.paidAt) throw new NotReturnableError(orderId, "it is not paid yet");
  const lines = added(given.lines);
  const left = unreturned(order);
  const faults = lines.flatMap(({ sku, quantity }): Fault[] => {
    const most = left.get(sku) ?? 0;
    if (quantity <= most) return [];
    const index = given.lines.findIndex((line) => line.sku === sku);
    const message = `of ${sku} ${most} can still be returned`;
    return [{ path: `lines.${index}.quantity`, code: "too_many", message }];
  });
  if (faults.length > 0) throw new NotReturnableError(orderId, faults.map(({ message }) => message).join("; "), faults);
  for (const { sku, quantity } of lines) left.set(sku, left.get(sku)! - quantity);
  const complete = [...left.values()].every((quantity) => quantity === 0);
  const amount = { amount: priceOf(order, lines), currency: order.currency };
  const { id: returnId, restock } = given;
  return {
    set: {
      ...(complete && move(order, "returned")),
      returns: [...(order.returns ?? []), { ...given, lines, amount }],
    },
    facts: [fact(OrderReturned, { orderId, customerId, returnId, lines, amount, restock, complete })],
  };
}

/** A product may be named more than once. */
export function added(lines: readonly OrderLine[]): OrderLine[] {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  return [...quantities].map(([sku, quantity]) => ({ sku, quantity }));
}

function unreturned(order: OrderItem): Map<string, number> {
  const left = new Map(added(quantities(order)).map(({ sku, quantity }) => [sku, quantity]));
  for (const { sku, quantity } of (order.returns ?? []).flatMap(({ lines }) => lines)) {
    left.set(sku, (left.get(sku) ?? 0) - quantity);
  }
  return left;
}

function priceOf(order: OrderItem, lines: OrderLine[]): number {
  const prices = new Map(order.lines.map(({ sku, unitPrice }) => [sku, unitPrice.amount]));
  return lines.reduce((sum, { sku, quantity }) => sum + (prices.get(sku) ?? 0) * quantity, 0);
}

/** Starts the checkout again while the order is unsettled; past its deadline, to give everything back. */
export function resume(order: OrderItem, at: Date, trigger: Trigger): OrderChange | undefined {
  if (isSettled(order)) return undefined;
  const overdue = at.toISOString() > order.deadlineAt;
  const expired = overdue ? abandon(order, "expired") : undefined;
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
  if (order.status === "cancelled" || order.status === "returned") return true;
  return order.status === "confirmed" && order.paidAt !== undefined && !order.abandonedFor;
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
