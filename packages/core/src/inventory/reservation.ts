/** The saga's hold on stock: taken once, and then either committed or released, once. */
import {
  type Cause,
  type Checkout,
  StockCommitted,
  StockReleased,
  StockReserved,
  withPrefix,
} from "@cartwright/events";
import { isConditionFailure, reaching } from "../aws-fault.ts";
import { now } from "../clock.ts";
import { untilUncontended } from "../contention.ts";
import { DomainError } from "../error.ts";
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

export class CommittedError extends DomainError {
  override name = "ReservationCommittedError";
  constructor(orderId: string) {
    super("conflict", "reservation_committed", `the stock of ${orderId} is paid for and can't be released`);
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

/** Undoes `reserve`, and keeps a `reserve` that arrives later from taking hold. Repeating it changes nothing. */
export async function release(orderId: string, cause: Cause): Promise<void> {
  const reservation = await read(orderId);
  if (!reservation) return bar(orderId, cause);
  if (reservation.status === "released") return;
  if (reservation.status === "committed") throw new CommittedError(orderId);
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

/** Makes the hold of a paid order permanent: from now on only shipping it takes the units away. */
export async function commit(orderId: string, cause: Cause): Promise<void> {
  const reservation = await read(orderId);
  if (!reservation || reservation.status === "released") throw new ReleasedError(orderId);
  if (reservation.status === "committed") return;
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
