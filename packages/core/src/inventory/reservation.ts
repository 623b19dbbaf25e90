/** The saga's hold on stock: taken once, and then either committed or released, once. */
import {
  type Cause,
  type Checkout,
  type OrderLine,
  StockCommitted,
  StockReleased,
  StockReserved,
  StockRestocked,
  StockWrittenOff,
  withPrefix,
} from "@cartwright/events";
import { isConditionFailure, reaching } from "../aws-fault.ts";
import { now } from "../clock.ts";
import { untilUncontended } from "../contention.ts";
import { DomainError, UnavailableError } from "../error.ts";
import { type Fact, fact, record } from "../outbox.ts";
import { inventory, type ReservationItem } from "./inventory.entity.ts";

export class OutOfStockError extends DomainError {
  override name = "OutOfStockError";
  constructor(readonly skus: string[]) {
    super("conflict", "out_of_stock", `not enough in stock of ${skus.join(", ")}`);
  }
}

export class ReleasedError extends DomainError {
  override name = "ReservationReleasedError";
  constructor(orderId: string) {
    super("conflict", "reservation_released", `the stock of ${orderId} was released: its checkout has been undone`);
  }
}

export class NotTakenError extends DomainError {
  override name = "StockNotTakenError";
  constructor(orderId: string, skus: string[]) {
    super("conflict", "stock_not_taken", `${orderId} has not that many units of ${skus.join(", ")} to give back`);
  }
}

/**
 * Holds stock for all lines or for none. Repeating it changes nothing; after its undo it throws `ReleasedError`.
 * Throws `OutOfStockError` naming the SKUs that lack.
 */
export async function reserve(order: Pick<Checkout, "orderId" | "lines">, cause: Cause): Promise<void> {
  const { orderId, lines } = order;
  const written = record(withPrefix("rsv", orderId), 0, now(), cause, [fact(StockReserved, { orderId, lines })]);
  const write = () =>
    inventory()
      .transaction.write(({ stock, reservations }) => [
        reservations.create({ orderId, status: "held", lines, ...written }).commit(),
        ...lines.map(({ sku, quantity }) =>
          stock
            .patch({ sku })
            .add({ available: -quantity, reserved: quantity })
            .where(({ available }, { gte }) => gte(available, quantity))
            .commit(),
        ),
      ])
      .go();
  const { canceled, data } = await untilUncontended(`the stock of ${orderId}`, () => reaching("stock", write()));
  if (!canceled) return;
  if (data[0]?.code === "ConditionalCheckFailed") {
    const reservation = await read(orderId);
    if (reservation?.status === "released") throw new ReleasedError(orderId);
    return;
  }
  const lacking = lines.filter((_, index) => data[index + 1]?.code === "ConditionalCheckFailed");
  throw new OutOfStockError(lacking.map(({ sku }) => sku));
}

/**
 * Undoes `reserve`, and keeps a `reserve` that arrives later from taking hold. Of an order that was paid already all
 * units are put back. Repeating it changes nothing.
 */
export async function release(orderId: string, cause: Cause): Promise<void> {
  const reservation = await read(orderId);
  if (!reservation) return bar(orderId, cause);
  if (reservation.status === "released") return;
  if (reservation.status === "committed") return putBackAll(reservation, cause);
  const { lines } = reservation;
  const set = end(reservation, "released", cause, fact(StockReleased, { orderId, lines }));
  const write = () =>
    inventory()
      .transaction.write(({ stock, reservations }) => [
        reservations
          .patch({ orderId })
          .set(set)
          .where(({ status }, { eq }) => eq(status, "held"))
          .commit(),
        ...lines.map(({ sku, quantity }) =>
          stock.patch({ sku }).add({ available: quantity, reserved: -quantity }).commit(),
        ),
      ])
      .go();
  const { canceled } = await untilUncontended(`the stock of ${orderId}`, () => reaching("stock", write()));
  // Somebody ended it between our read and our write: look again at what it is now.
  if (canceled) return release(orderId, cause);
}

/**
 * Makes the hold of a paid order permanent: from now on only shipping it takes the units away. One that was released is
 * left so: the order was given up before its money came, and the money goes back.
 */
export async function commit(orderId: string, cause: Cause): Promise<void> {
  const reservation = await read(orderId);
  if (!reservation) throw new ReleasedError(orderId);
  if (reservation.status !== "held") return;
  const { lines } = reservation;
  const patch = inventory()
    .entities.reservations.patch({ orderId })
    .set(end(reservation, "committed", cause, fact(StockCommitted, { orderId, lines })))
    .where(({ status }, { eq }) => eq(status, "held"))
    .go();
  await reaching("stock", patch).catch((error) => {
    if (!isConditionFailure(error)) throw error;
    return commit(orderId, cause);
  });
}

/**
 * Takes back units of a paid order, once per return, to be sold again or to be written off. Throws `NotTakenError` for
 * more than the order has.
 */
export async function takeBack(
  orderId: string,
  { returnId, lines, restock }: { returnId: string; lines: OrderLine[]; restock: boolean },
  cause: Cause,
): Promise<void> {
  // The return may be told before the payment that it presupposes.
  await commit(orderId, cause);
  const reservation = await read(orderId);
  if (reservation?.status !== "committed") throw new ReleasedError(orderId);
  const event = restock ? StockRestocked : StockWrittenOff;
  await putBack(reservation, { id: returnId, lines }, restock, fact(event, { orderId, lines, returnId }), cause);
}

/** The undo of a paid order is a return of all that is left of it. */
const cancellation = "cancellation";

async function putBackAll(reservation: ReservationItem, cause: Cause): Promise<void> {
  const { orderId } = reservation;
  const lines = [...left(reservation)].flatMap(([sku, quantity]) => (quantity > 0 ? [{ sku, quantity }] : []));
  if (lines.length === 0) return;
  await putBack(reservation, { id: cancellation, lines }, true, fact(StockRestocked, { orderId, lines }), cause);
}

async function putBack(
  reservation: ReservationItem,
  given: { id: string; lines: OrderLine[] },
  restock: boolean,
  event: Fact,
  cause: Cause,
): Promise<void> {
  const { orderId, returns = [], version: expected } = reservation;
  if (returns.some(({ id }) => id === given.id)) return;
  const remaining = left(reservation);
  const lacking = given.lines.filter(({ sku, quantity }) => (remaining.get(sku) ?? 0) < quantity);
  if (lacking.length > 0)
    throw new NotTakenError(
      orderId,
      lacking.map(({ sku }) => sku),
    );
  const set = {
    returns: [...returns, given],
    ...record(withPrefix("rsv", orderId), expected, now(), cause, [event]),
  };
  const write = () =>
    inventory()
      .transaction.write(({ stock, reservations }) => [
        reservations
          .patch({ orderId })
          .set(set)
          .where(({ version }, { eq }) => eq(version, expected))
          .commit(),
        ...given.lines.map(({ sku, quantity }) =>
          stock
            .patch({ sku })
            .add({ available: restock ? quantity : 0, reserved: -quantity })
            .commit(),
        ),
      ])
      .go();
  const { canceled } = await untilUncontended(`the stock of ${orderId}`, () => reaching("stock", write()));
  if (!canceled) return;
  // Somebody changed it between our read and our write: look again at what it is now.
  const current = await read(orderId);
  if (current && current.version !== expected) return putBack(current, given, restock, event, cause);
  throw new UnavailableError(`the stock of ${orderId} could not be changed`);
}

/** Units of a committed reservation that have not come back, by SKU. */
function left({ lines, returns = [] }: ReservationItem): Map<string, number> {
  const quantities = new Map(lines.map(({ sku, quantity }) => [sku, quantity]));
  for (const { sku, quantity } of returns.flatMap((given) => given.lines)) {
    quantities.set(sku, (quantities.get(sku) ?? 0) - quantity);
  }
  return quantities;
}

/** Leaves a released reservation where none was, so that a `reserve` still under way finds the order undone. */
async function bar(orderId: string, cause: Cause): Promise<void> {
  const written = record(withPrefix("rsv", orderId), 0, now(), cause, []);
  const create = inventory()
    .entities.reservations.create({ orderId, status: "released", lines: [], ...written })
    .go();
  await reaching("stock", create).catch((error) => {
    if (!isConditionFailure(error)) throw error;
    return release(orderId, cause);
  });
}

function end(reservation: ReservationItem, status: "committed" | "released", cause: Cause, event: Fact) {
  const subject = withPrefix("rsv", reservation.orderId);
  return { status, ...record(subject, reservation.version, now(), cause, [event]) };
}

async function read(orderId: string): Promise<ReservationItem | undefined> {
  const get = inventory().entities.reservations.get({ orderId }).go({ consistent: true });
  const { data } = await reaching("stock", get);
  return data ?? undefined;
}
