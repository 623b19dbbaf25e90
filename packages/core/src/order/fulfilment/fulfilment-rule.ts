/** What may be sent of an order, decided from its state alone: no I/O, no clock. */
import { OrderFulfilled, type OrderLine } from "@cartwright/events";
import { DomainError, type Fault } from "../../error.ts";
import { fact } from "../../outbox.ts";
import type { OrderItem, StoredFulfilment, Units } from "../order.entity.ts";
import { isAbandoned, movedTo, type OrderChange } from "../rule.ts";
import { count, excess, linesOf, ordered, unitsOf, without } from "./units.ts";

export class NotFulfillableError extends DomainError {
  override name = "OrderNotFulfillableError";
  constructor(orderId: string, why: string, faults?: Fault[]) {
    super("conflict", "order_not_fulfillable", `that can't be sent of ${orderId}: ${why}`, faults && { faults });
  }
}

/** An order is one item, and an item has an end. */
const maximumFulfilments = 50;

/**
 * Goods of a paid order are handed to a carrier: those named, or all that is left and has come. `owed` is what is still
 * to come. With the last of them the order is `fulfilled`.
 */
export function fulfil(
  order: OrderItem,
  { lines, ...given }: Omit<StoredFulfilment, "units"> & { lines?: OrderLine[] | undefined },
  owed: readonly OrderLine[],
): OrderChange {
  const { orderId, customerId, fulfilments = [] } = order;
  refuseUnpaid(order);
  const left = without(ordered(order), sentOf(order));
  const most = without(left, unitsOf(order, owed));
  const units = lines ? within(order, lines, most) : most;
  if (count(units) === 0) {
    throw new NotFulfillableError(orderId, count(left) === 0 ? "all of it has been sent" : "the rest is still to come");
  }
  const complete = count(units) === count(left);
  if (fulfilments.length >= maximumFulfilments - 1 && !complete) {
    const last = `in ${maximumFulfilments} parts, as many as an order can have, and the last one has to be all the rest`;
    throw new NotFulfillableError(orderId, `it may be sent ${last}`);
  }
  return {
    set: { ...(complete && movedTo("fulfilled", order)), fulfilments: [...fulfilments, { ...given, units }] },
    facts: [
      fact(OrderFulfilled, {
        ...{ orderId, customerId, fulfilmentId: given.id },
        ...{ lines: linesOf(order, units), complete },
      }),
    ],
  };
}

export function sentOf(order: OrderItem): Units {
  const parts = (order.fulfilments ?? []).map(({ units }) => units);
  return order.lines.map((_, index) => parts.reduce((sum, units) => sum + (units[index] ?? 0), 0));
}

function refuseUnpaid(order: OrderItem): void {
  const { orderId, status, paidAt } = order;
  if (isAbandoned(order)) throw new NotFulfillableError(orderId, "it is cancelled");
  if (status === "pending" || !paidAt) throw new NotFulfillableError(orderId, "it is not confirmed and paid yet");
}

function within(order: OrderItem, lines: OrderLine[], most: Units): Units {
  const faults = excess(order, lines, most, (sku, allowed) => `of ${sku} ${allowed} can be sent now`);
  if (faults.length > 0) {
    throw new NotFulfillableError(order.orderId, faults.map(({ message }) => message).join("; "), faults);
  }
  return unitsOf(order, lines);
}
