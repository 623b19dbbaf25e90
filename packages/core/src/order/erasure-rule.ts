/**
 * What becomes of an order whose customer is to be forgotten, decided from its state alone: no I/O, no clock. What
 * is final is erased; what is still to be sent, or to be given back, keeps what that takes, and `erasure` is due.
 */
import { OrderAnonymized } from "@cartwright/events";
import { erasedFingerprint as fingerprint } from "../fingerprint.ts";
import { fact } from "../outbox.ts";
import type { OrderItem, StoredFulfilment, StoredReturn } from "./order.entity.ts";
import type { OrderChange } from "./rule.ts";

/** What an order has no more once it is erased. Texts within others are taken out of them. */
export const erasable = ["shippingAddress", "sealedToken"] as const satisfies (keyof OrderItem)[];

/** Nothing more will be sent, so that nobody has to know where to. Goods may still come back. */
export function isFinal({ status }: Pick<OrderItem, "status">): boolean {
  return status === "fulfilled" || status === "cancelled" || status === "returned";
}

/** Erases an order that is final; it is erased once. */
export function erase(order: OrderItem): OrderChange | undefined {
  if (!isFinal(order) || order.erasure === "done") return undefined;
  return erasedWith(order, { set: {}, facts: [] });
}

/** What any change of an order comes to when its customer is to be forgotten; nothing, when nothing changes. */
export function heedErasure(order: OrderItem, change: OrderChange | undefined): OrderChange | undefined {
  if (!change || !order.erasure || !isFinal({ ...order, ...change.set })) return change;
  return erasedWith(order, change);
}

/** Of one that is erased already, what the change brings is kept without its text: that is nothing new to tell. */
function erasedWith(order: OrderItem, { set, facts }: OrderChange): OrderChange {
  const { orderId, customerId } = order;
  const { returns, fulfilments } = { ...order, ...set };
  const told = set.erasure === "done" || order.erasure === "done";
  return {
    set: {
      ...set,
      ...(returns && { returns: returns.map(withoutText) }),
      ...(fulfilments && { fulfilments: fulfilments.map(withoutTracking) }),
      erasure: "done",
      fingerprint,
    },
    facts: told ? facts : [...facts, fact(OrderAnonymized, { orderId, customerId })],
  };
}

function withoutText({ reason: _, settled, ...kept }: StoredReturn): StoredReturn {
  if (!settled) return { ...kept, fingerprint };
  if (settled.status !== "declined") return { ...kept, fingerprint, settled: { ...settled, fingerprint } };
  const { reason: __, ...declined } = settled;
  return { ...kept, fingerprint, settled: { ...declined, fingerprint } };
}

/** A tracking page tells where somebody lives. */
function withoutTracking({ tracking: _, ...kept }: StoredFulfilment): StoredFulfilment {
  return { ...kept, fingerprint };
}
