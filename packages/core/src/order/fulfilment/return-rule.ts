/** What becomes of goods that somebody wants to send back, decided from the order's state alone: no I/O, no clock. */
import { type OrderLine, OrderReturnDeclined, OrderReturned, OrderReturnRequested } from "@cartwright/events";
import { DomainError, type Fault } from "../../error.ts";
import { fact } from "../../outbox.ts";
import type { OrderItem, Settlement, StoredReturn, Units } from "../order.entity.ts";
import { isAbandoned, movedTo, type OrderChange } from "../rule.ts";
import { sentOf } from "./fulfilment-rule.ts";
import { count, excess, linesOf, ordered, unitsOf, without } from "./units.ts";

export class NotReturnableError extends DomainError {
  override name = "OrderNotReturnableError";
  constructor(orderId: string, why: string, faults?: Fault[]) {
    super("conflict", "order_not_returnable", `${orderId} can't have that return: ${why}`, faults && { faults });
  }
}

export class ReturnNotFoundError extends DomainError {
  override name = "ReturnNotFoundError";
  constructor(orderId: string, returnId: string) {
    super("not_found", "return_not_found", `${orderId} has no return ${returnId}`);
  }
}

/** Others have received or declined it before; what they made of it stays. */
export class ReturnSettledError extends DomainError {
  override name = "ReturnSettledError";
  constructor(returnId: string, status: Settlement["status"]) {
    super("conflict", "return_settled", `${returnId} was ${status} before`);
  }
}

/** It can't be received as it was told: more than was asked for. */
export class NotReceivableError extends DomainError {
  override name = "ReturnNotReceivableError";
  constructor(returnId: string, faults: Fault[]) {
    const why = faults.map(({ message }) => message).join("; ");
    super("conflict", "return_not_receivable", `${returnId} can't be received: ${why}`, { faults });
  }
}

/** An order is one item, and an item has an end. */
const maximumReturns = 50;

/** Somebody wants to send goods back: of those that were sent, each unit in one return alone that was not declined. */
export function requestReturn(
  order: OrderItem,
  { lines, ...given }: Omit<StoredReturn, "units" | "settled"> & { lines: OrderLine[] },
): OrderChange {
  const { orderId, customerId, returns = [] } = order;
  if (isAbandoned(order)) throw new NotReturnableError(orderId, "it is cancelled, and its money goes back anyway");
  if (!order.fulfilments?.length) throw new NotReturnableError(orderId, "nothing of it has been sent");
  if (returns.length >= maximumReturns) {
    throw new NotReturnableError(
      orderId,
      `it has had ${maximumReturns} returns, which is as many as an order can have`,
    );
  }
  const most = without(sentOf(order), ...returns.map(heldBy));
  const faults = excess(order, lines, most, (sku, allowed) => `of ${sku} ${allowed} can be returned`);
  if (faults.length > 0) throw new NotReturnableError(orderId, faults.map(({ message }) => message).join("; "), faults);
  const units = unitsOf(order, lines);
  return {
    set: { returns: [...returns, { ...given, units }] },
    facts: [fact(OrderReturnRequested, { orderId, customerId, returnId: given.id, lines: linesOf(order, units) })],
  };
}

/** Goods have come back: all that were asked for, or some. With the last of an order's units it is `returned`. */
export function receiveReturn(
  order: OrderItem,
  returnId: string,
  { lines, ...given }: Omit<Settlement & { status: "received" }, "units"> & { lines?: OrderLine[] | undefined },
): OrderChange {
  const { orderId, customerId } = order;
  const requested = openReturn(order, returnId);
  const tell = (sku: string, most: number) => `of ${sku} ${most} should come back`;
  const faults = lines ? excess(order, lines, requested.units, tell) : [];
  if (faults.length > 0) throw new NotReceivableError(returnId, faults);
  const units = lines ? unitsOf(order, lines) : requested.units;
  const returns = settle(order, returnId, { ...given, units });
  const complete = count(without(ordered(order), ...returns.map(receivedOf))) === 0;
  return {
    set: { ...(complete && movedTo("returned", order)), returns },
    facts: [
      fact(OrderReturned, {
        ...{ orderId, customerId, returnId, lines: linesOf(order, units) },
        ...{ amount: priceOf(order, units), restock: given.restock, complete },
      }),
    ],
  };
}

/** Staff will not take the goods back. They may be asked for again. */
export function declineReturn(
  order: OrderItem,
  returnId: string,
  given: Settlement & { status: "declined" },
): OrderChange {
  const { orderId, customerId } = order;
  openReturn(order, returnId);
  return {
    set: { returns: settle(order, returnId, given) },
    facts: [fact(OrderReturnDeclined, { orderId, customerId, returnId })],
  };
}

export function returnOf(order: OrderItem, returnId: string): StoredReturn {
  const found = order.returns?.find(({ id }) => id === returnId);
  if (!found) throw new ReturnNotFoundError(order.orderId, returnId);
  return found;
}

/** What units of an order were paid with. */
export function priceOf(order: OrderItem, units: Units) {
  const amount = order.lines.reduce((sum, { unitPrice }, index) => sum + unitPrice.amount * (units[index] ?? 0), 0);
  return { amount, currency: order.currency };
}

function openReturn(order: OrderItem, returnId: string): StoredReturn {
  const found = returnOf(order, returnId);
  if (found.settled) throw new ReturnSettledError(returnId, found.settled.status);
  return found;
}

function settle(order: OrderItem, returnId: string, settled: Settlement): StoredReturn[] {
  return (order.returns ?? []).map((one) => (one.id === returnId ? { ...one, settled } : one));
}

/** The units that no other return may ask for. */
function heldBy({ units, settled }: StoredReturn): Units {
  if (!settled) return units;
  return settled.status === "received" ? settled.units : [];
}

function receivedOf({ settled }: StoredReturn): Units {
  return settled?.status === "received" ? settled.units : [];
}
