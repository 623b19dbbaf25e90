/** Goods leave the house, and some come back. Each of it moves what is on hand once, and is in the journal. */
import {
  type Cause,
  deriveId,
  type OrderLine,
  StockRestocked,
  StockShipped,
  StockWrittenOff,
} from "@cartwright/events";
import { now } from "../../clock.ts";
import { DomainError, UnavailableError } from "../../error.ts";
import { added, skusOf } from "../../lines.ts";
import { fact } from "../../outbox.ts";
import { draw, type Hold, type Piece } from "./hold.ts";
import { commit, ReleasedError } from "./reservation.ts";
import { change, type Step } from "./reservation-store.ts";
import { anyShard, bringIn, type Stocks, sendOff, stocksOf } from "./shard.ts";
import type { MovementItem, ReservationItem, Transaction, Write } from "./stock.entity.ts";
import { maximumWrites } from "./transaction.ts";

export class NotHeldError extends DomainError {
  override name = "StockNotHeldError";
  constructor(orderId: string, skus: readonly string[]) {
    super("conflict", "stock_not_held", `not that many units of ${skus.join(", ")} are held for ${orderId}`);
  }
}

/** The goods may have been told to be back before they were told to have left. */
export class NotShippedError extends UnavailableError {
  override name = "StockNotShippedError";
  override readonly code = "stock_not_shipped";
  constructor(orderId: string, skus: readonly string[]) {
    super(`not that many units of ${skus.join(", ")} have been shipped for ${orderId}, less what came back`);
  }
}

/** Units of a confirmed order are handed to a carrier, once per fulfilment. Throws `NotHeldError` for more than it has. */
export async function ship(
  orderId: string,
  { fulfilmentId, lines }: { fulfilmentId: string; lines: OrderLine[] },
  cause: Cause,
): Promise<void> {
  // What is sent may be told before the confirmation that it presupposes.
  await commit(orderId, cause);
  await inParts(orderId, fulfilmentId, lines, cause, (reservation, rest) => {
    const all = rest.map((line) => drawn(reservation, line));
    const lacking = all.filter(({ pieces }) => !pieces);
    if (lacking.length > 0) throw new NotHeldError(orderId, skusOf(lacking));
    const some = fitting(all, ({ pieces }) => pieces!.length + 2);
    return {
      part: some.map(({ sku, quantity }) => ({ sku, quantity })),
      holds: reservation.holds.map((hold) => some.find(({ sku }) => sku === hold.sku)?.hold ?? hold),
      told: (part) => fact(StockShipped, { orderId, fulfilmentId, lines: part }),
      writes: (entities) => [
        ...some.flatMap(({ pieces }) => pieces!.map((piece) => sendOff(entities, piece))),
        ...some.flatMap((line) =>
          journal(entities, movementOf(orderId, fulfilmentId, line, "shipped", -line.quantity)),
        ),
      ],
    };
  });
}

/**
 * Takes back units that were shipped, once per return, to be sold again or to be written off. Throws `NotShippedError` for
 * more than were shipped, as far as is known by now.
 */
export async function takeBack(
  orderId: string,
  { returnId, lines, restock }: { returnId: string; lines: OrderLine[]; restock: boolean },
  cause: Cause,
): Promise<void> {
  const stocks = await stocksOf(skusOf(lines));
  const kind = restock ? "returned" : "written-off";
  await inParts(orderId, returnId, lines, cause, (reservation, rest) => {
    const lacking = rest.filter(({ sku, quantity }) => outside(reservation, sku) < quantity);
    if (lacking.length > 0) throw new NotShippedError(orderId, skusOf(lacking));
    const part = fitting(rest, () => 3);
    const back = new Map(part.map(({ sku, quantity }) => [sku, quantity]));
    return {
      part,
      holds: reservation.holds.map((hold) => returned(hold, back.get(hold.sku) ?? 0)),
      told: () => fact(restock ? StockRestocked : StockWrittenOff, { orderId, lines: part, returnId }),
      writes: (entities) => [
        ...(restock ? onTheShelf(entities, part, stocks) : []),
        ...part.flatMap((line) =>
          journal(entities, movementOf(orderId, returnId, line, kind, restock ? line.quantity : 0)),
        ),
      ],
    };
  });
}

interface Part {
  /** The lines that are done by it: the first of those that are left. */
  part: OrderLine[];
  holds: Hold[];
  told(part: OrderLine[]): Step["facts"][number];
  writes(entities: Transaction): Write[];
}

/** What is done under an id happens once; more lines than one transaction takes are done part by part, in their order. */
async function inParts(
  orderId: string,
  id: string,
  lines: OrderLine[],
  cause: Cause,
  decide: (reservation: ReservationItem, rest: OrderLine[]) => Part,
): Promise<void> {
  const all = added(lines);
  for (let isOver = false; !isOver; ) {
    await change(orderId, cause, (reservation) => {
      if (reservation?.status !== "committed") throw new ReleasedError(orderId);
      const done = reservation.done?.[id] ?? 0;
      isOver = done >= all.length;
      if (isOver) return undefined;
      const { part, holds, told, writes } = decide(reservation, all.slice(done));
      isOver = done + part.length >= all.length;
      return {
        set: { holds, done: { ...reservation.done, [id]: done + part.length } },
        facts: [told(part)],
        writes,
      };
    });
  }
}

/** The first of `lines`, as many as one transaction takes with the reservation itself. */
function fitting<Line>(lines: readonly Line[], writesOf: (line: Line) => number): Line[] {
  let writes = 1;
  const end = lines.findIndex((line) => {
    writes += writesOf(line);
    return writes > maximumWrites;
  });
  return end === -1 ? [...lines] : lines.slice(0, end);
}

/** A line with the pieces that it is sent from, and what is left of its hold. Without pieces when fewer are held. */
function drawn({ holds }: ReservationItem, { sku, quantity }: OrderLine) {
  const hold = holds.find((one) => one.sku === sku);
  const taken = hold && draw(hold, quantity);
  if (!taken) return { sku, quantity };
  const { pieces, rest } = taken;
  return { sku, quantity, pieces, hold: { ...rest, shipped: (rest.shipped ?? 0) + quantity } };
}

function returned(hold: Hold, quantity: number): Hold {
  return quantity === 0 ? hold : { ...hold, returned: (hold.returned ?? 0) + quantity };
}

/** Units of an order that are with the customer. */
function outside({ holds }: ReservationItem, sku: string): number {
  const { shipped: sent = 0, returned: back = 0 } = holds.find((hold) => hold.sku === sku) ?? {};
  return sent - back;
}

function onTheShelf(entities: Transaction, lines: readonly OrderLine[], stocks: Stocks): Write[] {
  return lines.map(({ sku, quantity }): Write => {
    const piece: Piece = { sku, shard: anyShard(stocks.get(sku)), quantity };
    return bringIn(entities, piece);
  });
}

function journal({ stocks, movements }: Transaction, movement: MovementItem): Write[] {
  const { sku, delta } = movement;
  const entry = movements.create(movement).commit();
  return delta === 0 ? [entry] : [entry, stocks.patch({ sku }).add({ onHand: delta }).commit()];
}

const reasons = { shipped: "sent", returned: "came back", "written-off": "came back and can't be sold again" };

function movementOf(
  orderId: string,
  id: string,
  { sku }: OrderLine,
  kind: keyof typeof reasons,
  delta: number,
): MovementItem {
  const movementId = deriveId("mov", orderId, id, sku);
  return { movementId, sku, kind, delta, orderId, reason: reasons[kind], createdAt: now().toISOString() };
}
