/** An order's hold on stock: taken for all of its lines or none, made permanent when it is confirmed, undone when it is not. */
import {
  type Cause,
  type Checkout,
  type OrderLine,
  StockAllocated,
  StockBackordered,
  StockCommitted,
  StockRefused,
  StockReleased,
  StockReserved,
  StockRestocked,
} from "@cartwright/events";
import { applied } from "../../aws-fault.ts";
import { bucketOf } from "../../bucket.ts";
import { now } from "../../clock.ts";
import { DomainError } from "../../error.ts";
import { added, skusOf } from "../../lines.ts";
import { type Fact, fact } from "../../outbox.ts";
import { note } from "../../spent.ts";
import { stopWaiting } from "./backorder.ts";
import { type Hold, heldLines, heldPieces, holdOf, owedLines } from "./hold.ts";
import { heedLevel, mayBeLow } from "./level.ts";
import { measureRejection } from "./measure.ts";
import { change, read, recordReservation, type Step, transitions } from "./reservation-store.ts";
import type { Shortfall } from "./schema.ts";
import { letGo, readShards, type Stocks, stocksOf, unlessBusy } from "./shard.ts";
import { inventory, type ReservationItem, type Transaction, type Write } from "./stock.entity.ts";
import { takeUnits } from "./take.ts";
import { maximumWrites } from "./transaction.ts";

export class OutOfStockError extends DomainError {
  override name = "OutOfStockError";
  constructor(readonly shortfalls: readonly Shortfall[]) {
    const lines = shortfalls.map(({ sku, quantity, available }) => `${sku} (${quantity} wanted, ${available} there)`);
    super("conflict", "out_of_stock", `not enough in stock of ${lines.join(", ")}`);
  }
}

export class ReleasedError extends DomainError {
  override name = "ReservationReleasedError";
  constructor(orderId: string) {
    super("conflict", "reservation_released", `the stock of ${orderId} was released: its checkout has been undone`);
  }
}

export class ExpiredError extends DomainError {
  override name = "ReservationExpiredError";
  constructor(orderId: string) {
    super("conflict", "reservation_expired", `the stock of ${orderId} was held for too long, and no longer counts`);
  }
}

/**
 * Holds stock for all lines or for none, until the order's deadline. Repeating it changes nothing and has the same answer:
 * `OutOfStockError` with the lines that lack, `ReleasedError` after its undo, `ExpiredError` past the deadline.
 */
export async function reserve(order: Pick<Checkout, "orderId" | "lines" | "deadlineAt">, cause: Cause): Promise<void> {
  const { orderId, deadlineAt } = order;
  if (isPast(deadlineAt)) return heedEarlier(orderId, cause);
  const lines = added(order.lines);
  const stocks = await stocksOf(skusOf(lines));
  const taken = await takeUnits(orderId, lines, stocks, ({ reservations }, portions) => {
    const holds = portions.map(holdOf);
    const written = recordReservation(orderId, 0, cause, reserved(orderId, holds));
    const state = { status: "held", holds, holdsUntil: deadlineAt, sweep: sweepPart(bucketOf(orderId)) } as const;
    return reservations.create({ orderId, ...state, ...written }).commit();
  });
  if (taken.outcome === "superseded") return heedEarlier(orderId, cause);
  if (taken.outcome === "lacking") return refuse(orderId, lines, taken.shortfalls, cause);
  await unlessBusy(heedDecrease(taken.portions.map(holdOf), stocks, cause));
}

/**
 * Makes the hold of a confirmed order permanent: from now on only shipping it takes the units away. A hold that has expired
 * since is taken again; `OutOfStockError` when others have bought it. What was released stays so: the order is given up.
 */
export async function commit(orderId: string, cause: Cause): Promise<void> {
  const reservation = await change(orderId, cause, (current) => {
    if (current?.status !== "held") return undefined;
    const facts = [fact(StockCommitted, { orderId, lines: linesOf(current) })];
    return { set: { status: "committed" }, isSwept: true, facts };
  });
  if (!reservation) throw new ReleasedError(orderId);
  if (reservation.status !== "expired") return;
  const expired = await giveBack(orderId, "expired", cause);
  if (expired?.status === "expired") await takeAgain(expired, cause);
}

/**
 * Undoes `reserve`, and keeps a `reserve` that arrives later from taking hold; of an order that was confirmed already, all
 * that is not shipped is put back. Repeating it changes nothing.
 */
export async function release(orderId: string, cause: Cause): Promise<void> {
  const isThere = (await read(orderId)) !== undefined || !(await bar(orderId, cause));
  if (isThere) await giveBack(orderId, "released", cause);
}

/** Ends a hold whose time is over. Answers whether it did: it may have been committed or released meanwhile. */
export async function expire(orderId: string, cause: Cause): Promise<boolean> {
  const before = await read(orderId);
  const ended = before && mayEnd(before, "expired") ? await giveBack(orderId, "expired", cause) : undefined;
  return ended?.status === "expired";
}

/** A part of the index that the sweep looks through: every order writes there once, and once more when it is confirmed. */
export const sweepPart = (bucket: number) => `held#${bucket}`;

const linesOf = ({ holds }: ReservationItem) => holds.map(({ sku, quantity }) => ({ sku, quantity }));
const isPast = (time: string) => now().toISOString() > time;

/** What an earlier attempt, or the undo, has made of it. A hold counts until its time is over, swept or not. */
async function heedEarlier(orderId: string, cause: Cause): Promise<void> {
  note({ idempotency: "unchanged" });
  const earlier = await read(orderId);
  if (!earlier || earlier.status === "expired") throw new ExpiredError(orderId);
  if (earlier.status === "released") throw new ReleasedError(orderId);
  if (earlier.status === "refused") return tellRefusal(earlier.lacking ?? [], cause);
  if (earlier.status === "held" && isPast(earlier.holdsUntil!)) throw new ExpiredError(orderId);
  // The attempt that took the units may have died before it looked at what was left.
  if (earlier.status !== "held") return;
  await unlessBusy(heedDecrease(earlier.holds, await stocksOf(skusOf(earlier.holds)), cause));
}

function reserved(orderId: string, holds: Hold[]): Fact[] {
  const [held, owed] = [heldLines(holds), owedLines(holds)];
  return [
    ...(held.length > 0 ? [fact(StockReserved, { orderId, lines: held })] : []),
    ...(owed.length > 0 ? [fact(StockBackordered, { orderId, lines: owed })] : []),
  ];
}

/** A refusal is written down, so that another run of the same checkout does not decide otherwise. */
async function refuse(orderId: string, lines: OrderLine[], lacking: Shortfall[], cause: Cause): Promise<void> {
  const holds = lines.map((line): Hold => ({ ...line, held: {} }));
  const written = recordReservation(orderId, 0, cause, [fact(StockRefused, { orderId, lines: lacking })]);
  const create = inventory()
    .entities.reservations.create({ orderId, status: "refused", lacking, holds, ...written })
    .go();
  if (!(await applied("stock", create))) return heedEarlier(orderId, cause);
  note({ idempotency: "new" });
  measureRejection(orderId);
  await tellRefusal(lacking, cause);
}

async function tellRefusal(lacking: Shortfall[], cause: Cause): Promise<never> {
  for (const { sku } of lacking) await unlessBusy(heedLevel(sku, cause));
  throw new OutOfStockError(lacking);
}

async function takeAgain(expired: ReservationItem, cause: Cause): Promise<void> {
  const { orderId } = expired;
  const lines = linesOf(expired);
  const stocks = await stocksOf(skusOf(lines));
  const taken = await takeUnits(orderId, lines, stocks, ({ reservations }, portions) => {
    const holds = portions.map(holdOf);
    const owed = owedLines(holds);
    const told = [
      fact(StockAllocated, { orderId, lines: heldLines(holds), owed }),
      ...(owed.length > 0 ? [fact(StockBackordered, { orderId, lines: owed })] : []),
      fact(StockCommitted, { orderId, lines }),
    ];
    return reservations
      .patch({ orderId })
      .set({ status: "committed", holds, ...recordReservation(orderId, expired.version, cause, told) })
      .where(({ version }, { eq }) => eq(version, expired.version))
      .commit();
  });
  if (taken.outcome === "superseded") return commit(orderId, cause);
  if (taken.outcome === "lacking") throw new OutOfStockError(taken.shortfalls);
  await unlessBusy(heedDecrease(taken.portions.map(holdOf), stocks, cause));
}

/**
 * Ends a reservation, and gives its units back to the shards they came from. It has ended with the first write, and if its
 * units lie in more shards than that one takes, others follow; whoever repeats it goes on with them.
 */
async function giveBack(
  orderId: string,
  status: "expired" | "released",
  cause: Cause,
): Promise<ReservationItem | undefined> {
  for (;;) {
    let isLast = true;
    const ended = await change(orderId, cause, (current) => {
      const step = current && mayEnd(current, status) ? end(current, status) : undefined;
      isLast = step?.isSwept ?? true;
      return step;
    });
    if (isLast) return ended;
  }
}

function mayEnd(reservation: ReservationItem, status: "expired" | "released"): boolean {
  const isLeft = heldPieces(reservation.holds).length + owedLines(reservation.holds).length > 0;
  if (reservation.status === status) return isLeft;
  const allowed: readonly string[] = transitions[reservation.status];
  return allowed.includes(status) && (status === "released" || isPast(reservation.holdsUntil!));
}

function end(reservation: ReservationItem, status: "expired" | "released"): Step {
  const { orderId, holds } = reservation;
  const some = fitting(holds);
  const isLast = some.length === holds.length;
  const ended = holds.map((hold) => (some.includes(hold) ? emptied(hold) : hold));
  return {
    set: { status, holds: ended },
    isSwept: isLast,
    facts: [told(reservation, some, status)],
    writes: (entities) => some.flatMap((hold) => undo(entities, orderId, hold)),
  };
}

/** As many as one transaction takes with the reservation itself. */
function fitting(holds: readonly Hold[]): Hold[] {
  let writes = 1;
  return holds.filter((hold) => {
    writes += writesOf(hold);
    return writes <= maximumWrites;
  });
}

const writesOf = ({ held, owed }: Hold) => Object.keys(held).length + (owed ? 2 : 0);

function emptied({ owed: _, ...hold }: Hold): Hold {
  return { ...hold, held: {} };
}

function told({ orderId, status }: ReservationItem, holds: Hold[], next: "expired" | "released"): Fact {
  const held = heldLines(holds);
  if (status === "committed" && held.length > 0) return fact(StockRestocked, { orderId, lines: held });
  const lines = added([...held, ...owedLines(holds)]);
  return fact(StockReleased, { orderId, lines, ...(next === "expired" && { expired: true }) });
}

function undo(entities: Transaction, orderId: string, hold: Hold): Write[] {
  const { sku, owed } = hold;
  const back: Write[] = heldPieces([hold]).map((piece) => letGo(entities, piece));
  if (!owed) return back;
  return [...back, entities.stocks.patch({ sku }).add({ owed: -owed }).commit(), stopWaiting(entities, orderId, sku)];
}

/** Leaves a released reservation where none was, so that a `reserve` still under way finds the order undone. */
async function bar(orderId: string, cause: Cause): Promise<boolean> {
  const written = recordReservation(orderId, 0, cause, []);
  const create = inventory()
    .entities.reservations.create({ orderId, status: "released", holds: [], ...written })
    .go();
  return applied("stock", create);
}

/** Tells when little is left. While one shard alone has more than the threshold, so have all together. */
async function heedDecrease(holds: readonly Hold[], stocks: Stocks, cause: Cause): Promise<void> {
  const shards = await readShards(heldPieces(holds));
  const low = shards.filter(({ sku, available }) => mayBeLow(stocks.get(sku), available));
  for (const sku of skusOf([...low, ...owedLines(holds)])) await heedLevel(sku, cause);
}
