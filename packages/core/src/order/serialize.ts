import type { CancelReason } from "@cartwright/events";
import { priceOf } from "./fulfilment/return-rule.ts";
import type { Shortage } from "./fulfilment/shortage.ts";
import { linesOf } from "./fulfilment/units.ts";
import type { OrderItem, StoredFulfilment, StoredReturn } from "./order.entity.ts";
import * as rule from "./rule.ts";
import { Fulfilment, Info, Return, type Summary } from "./schema.ts";

/** Parsed, because the table keeps no order of keys: the same order always reads the same. */
export function serialize(order: OrderItem, { owed, lacking }: Shortage = { owed: [], lacking: [] }): Info {
  const { fulfilments = [], returns = [] } = order;
  return Info.parse({
    ...summarize(order),
    lines: order.lines,
    ...(order.shippingAddress && { shippingAddress: order.shippingAddress }),
    cancelling: rule.isAbandoned(order) && order.status !== "cancelled",
    paid: order.paidAt !== undefined,
    refunded: rule.refundedOf(order),
    fulfilments: fulfilments.map((one) => serializeFulfilment(order, one)),
    backordered: rule.isAbandoned(order) ? [] : owed,
    lacking,
    returns: returns.map((one) => serializeReturn(order, one)),
    version: order.version,
  });
}

export function serializeFulfilment(order: OrderItem, { units, ...stored }: StoredFulfilment): Fulfilment {
  return Fulfilment.parse({ ...stored, lines: linesOf(order, units) });
}

export function serializeReturn(order: OrderItem, { units, settled, ...stored }: StoredReturn): Return {
  return Return.parse({
    ...stored,
    status: settled?.status ?? "requested",
    lines: linesOf(order, units),
    ...(settled?.status === "received" && {
      received: linesOf(order, settled.units),
      amount: priceOf(order, settled.units),
      restock: settled.restock,
    }),
    ...(settled?.status === "declined" && settled.reason && { declineReason: settled.reason }),
    ...(settled && { settledAt: settled.at }),
  });
}

export function summarize(order: OrderItem): Summary {
  return {
    id: order.orderId,
    number: order.number,
    status: order.status,
    ...(order.reason && { reason: order.reason as CancelReason }),
    total: { amount: order.totalMinor, currency: order.currency },
    createdAt: order.createdAt,
  };
}
