/** Units that have come in: first for those who wait for them. */
import { type Cause, StockAllocated } from "@cartwright/events";
import { createConversions } from "electrodb";
import { reaching } from "../../aws-fault.ts";
import { now } from "../../clock.ts";
import { attempts, pauseBefore } from "../../contention.ts";
import { keysIn } from "../../cursor.ts";
import { ContentionError } from "../../error.ts";
import { fact } from "../../outbox.ts";
import { owedLines, piecesOf, quantityOf, receive, total } from "./hold.ts";
import { heedLevel } from "./level.ts";
import { change, type Step } from "./reservation-store.ts";
import { hold as holdUnits, snapshotOf } from "./shard.ts";
import { inventory, type ReservationItem, type Transaction } from "./stock.entity.ts";

/** More in one go would take longer than a reaction has; it is tried again, and goes on. */
const maximumAllocations = 400;

/**
 * Gives what is available of a SKU to the orders that wait for it, the oldest first, each as much as there is; then tells
 * how much is left, if that means something new. Safe to repeat, and at the same time. Throws `ContentionError`.
 */
export async function allocate(sku: string, cause: Cause): Promise<void> {
  for (let allocations = 0, inVain = 0; allocations < maximumAllocations && inVain < attempts; allocations++) {
    const snapshot = await snapshotOf(sku);
    const { stock, available } = snapshot;
    if (!stock?.owed || total(available) === 0) return heedLevel(sku, cause, snapshot);
    const orderId = await longestWaiting(sku);
    const allocated = orderId !== undefined && (await allocateTo(orderId, sku, available, cause));
    // The index follows by a moment: it may not show who waits yet, or still show who does no more.
    if (!allocated) await pauseBefore(inVain++);
  }
  throw new ContentionError(`the stock of ${sku}`);
}

/** Answers whether the order got units: others may have been faster. */
async function allocateTo(
  orderId: string,
  sku: string,
  available: ReadonlyMap<number, number>,
  cause: Cause,
): Promise<boolean> {
  let seen: number | undefined;
  const after = await change(orderId, cause, (reservation) => {
    const step = reservation && allocation(reservation, sku, available);
    seen = step && reservation?.version;
    return step;
  });
  return seen !== undefined && after?.version !== seen;
}

/** It leaves the queue at once, and the table by itself: nothing here may delete. */
export function stopWaiting({ backorders }: Transaction, orderId: string, sku: string) {
  const expiresAt = Math.floor(now().getTime() / 1000);
  return backorders.patch({ orderId, sku }).set({ expiresAt }).remove(["waitsFor"]).commit();
}

async function longestWaiting(sku: string): Promise<string | undefined> {
  const { backorders } = inventory().entities;
  const query = backorders.query.bySku({ waitsFor: sku }).go({ data: "includeKeys", limit: 1 });
  const { data } = await reaching("stock", query);
  const { fromKeys } = createConversions(backorders).byAccessPattern.bySku;
  return keysIn(data).map((keys) => fromKeys.toComposite<{ orderId: string }>(keys).orderId)[0];
}

/** Nothing for an order that has got its units or was given up: the index still shows it for a moment. */
function allocation(
  reservation: ReservationItem,
  sku: string,
  available: ReadonlyMap<number, number>,
): Step | undefined {
  const { orderId, holds } = reservation;
  const waiting = holds.find((one) => one.sku === sku);
  if (!waiting?.owed) return undefined;
  const pieces = piecesOf(sku, Math.min(waiting.owed, total(available)), available) ?? [];
  const received = receive(waiting, pieces);
  const next = holds.map((one) => (one.sku === sku ? received : one));
  const quantity = quantityOf(pieces);
  return {
    set: { holds: next },
    facts: [fact(StockAllocated, { orderId, lines: [{ sku, quantity }], owed: owedLines(next) })],
    writes: (entities) => [
      ...pieces.map((piece) => holdUnits(entities, piece)),
      entities.stocks.patch({ sku }).add({ owed: -quantity }).commit(),
      ...(received.owed ? [] : [stopWaiting(entities, orderId, sku)]),
    ],
    mayMiss: true,
  };
}
