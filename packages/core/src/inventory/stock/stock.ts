/** What staff know of stock, and what they do with it. */
import { type Cause, deriveId, StockAdjusted, StockConfigured } from "@cartwright/events";
import { createConversions } from "electrodb";
import * as z from "zod";
import { applied, reaching } from "../../aws-fault.ts";
import { readAll } from "../../batch.ts";
import { now } from "../../clock.ts";
import { keysIn, type Page, type PageOptions, pageOf } from "../../cursor.ts";
import { ContentionError, DomainError, KeyReusedError, StaleVersionError } from "../../error.ts";
import { fact, record } from "../../outbox.ts";
import { assertVariant, fromSku } from "../catalogue/product.ts";
import { type Piece, piecesOf, targetsOf } from "./hold.ts";
import { levelOf, stockSubject } from "./level.ts";
import type { Adjust, Adjustment, Availability, ConfigureStock, Movement, Stock } from "./schema.ts";
import {
  allShards,
  bringIn,
  reachOf,
  readShards,
  shardsOf,
  snapshotOf,
  spread,
  stockOf,
  takeOut,
  unlessBusy,
} from "./shard.ts";
import { inventory, type MovementItem, type StockItem, type Transaction } from "./stock.entity.ts";
import { transact, type Written } from "./transaction.ts";

export class BelowZeroError extends DomainError {
  override name = "StockBelowZeroError";
  constructor(sku: string) {
    super("conflict", "stock_below_zero", `less than that of ${sku} is available: reserved units can't be taken away`);
  }
}

export class UnexpectedQuantityError extends DomainError {
  override name = "UnexpectedQuantityError";
  constructor(sku: string, expected: number, onHand: number) {
    super(
      "conflict",
      "unexpected_quantity",
      `${onHand} units of ${sku} are on hand, not ${expected}: look at its movements, and count again`,
    );
  }
}

/**
 * Adds to or takes from what is available, and writes down who did it and why, exactly once per key. A repeated request is
 * answered with the adjustment as it was made. Throws `UnexpectedQuantityError` when another number is on hand than the
 * caller counts on, `BelowZeroError`, `KeyReusedError`, and `ProductNotFoundError`.
 */
export async function adjust(
  sku: string,
  input: Adjust,
  by: { actorId: string; idempotencyKey: string },
  cause: Cause,
): Promise<{ adjustment: Adjustment; replayed: boolean }> {
  await assertVariant(sku);
  const movementId = deriveId("adj", by.actorId, by.idempotencyKey);
  const { delta, reason, expectedQuantity } = input;
  const createdAt = now();
  const told = fact(StockAdjusted, { adjustmentId: movementId, sku, delta });
  const movement: MovementItem = {
    ...{ movementId, sku, kind: "adjusted", delta, reason, actorId: by.actorId, createdAt: createdAt.toISOString() },
    ...(expectedQuantity !== undefined && { expectedQuantity }),
    ...record(movementId, 0, createdAt, cause, [told]),
  };
  for (let attempt = 0; attempt < maximumLooks; attempt++) {
    const { stock, available } = await snapshotOf(sku);
    const pieces = piecesOfAdjustment(sku, delta, available, stock);
    const written = pieces && (await write(movement, pieces));
    if (written?.isDone) return { adjustment: toAdjustment(movement), replayed: false };
    const earlier = await movementFromID(movementId);
    if (earlier) return { adjustment: replay(earlier, sku, input), replayed: true };
    if (written?.isRefused(1)) throw new UnexpectedQuantityError(sku, expectedQuantity!, stock?.onHand ?? 0);
    if (!pieces) throw new BelowZeroError(sku);
  }
  throw new ContentionError(`the stock of ${sku}`);
}

/**
 * Decides how the stock of a SKU is kept, while its settings are still at `expectedVersion` (0 before the first). Units
 * are spread anew when the number of shards changes. Throws `StaleVersionError` and `ProductNotFoundError`.
 */
export async function configureStock(
  sku: string,
  { lowStockAt: threshold, ...input }: ConfigureStock,
  expectedVersion: number,
  cause: Cause,
): Promise<Stock> {
  await assertVariant(sku);
  const stock = await stockOf(sku);
  if ((stock?.version ?? 0) !== expectedVersion) throw new StaleVersionError(`the stock of ${sku}`, expectedVersion);
  const { shards = shardsOf(stock), backorderLimit = stock?.backorderLimit ?? 0 } = input;
  const lowStockAt = threshold === undefined ? stock?.lowStockAt : (threshold ?? undefined);
  const settings = { shards, backorderLimit, ...(lowStockAt !== undefined && { lowStockAt }) };
  const told = fact(StockConfigured, { sku, ...settings });
  const written = record(stockSubject(sku), expectedVersion, now(), cause, [told]);
  const set = { ...settings, reach: Math.max(shards, reachOf(stock)), ...written };
  const upsert = inventory()
    .entities.stocks.update({ sku })
    .set(set)
    .remove(lowStockAt === undefined ? ["lowStockAt"] : [])
    .where(({ version }, { eq, notExists }) =>
      expectedVersion === 0 ? notExists(version) : eq(version, expectedVersion),
    )
    .go();
  if (!(await applied("stock", upsert))) throw new StaleVersionError(`the stock of ${sku}`, expectedVersion);
  if (shards !== shardsOf(stock)) await unlessBusy(spread(sku));
  return stockFromSku(sku);
}

/** A product that never moved has none in stock. */
export async function stockFromSku(sku: string): Promise<Stock> {
  const stock = await stockOf(sku);
  if (!stock) await assertVariant(sku);
  const shards = await readShards(allShards(sku, stock));
  const available = shards.reduce((sum, shard) => sum + shard.available, 0);
  const reserved = shards.reduce((sum, shard) => sum + (shard.reserved ?? 0), 0);
  const { owed: backordered = 0, backorderLimit = 0, lowStockAt, version = 0 } = stock ?? {};
  return {
    ...{ sku, onHand: available + reserved, available, reserved, backordered, shards: shardsOf(stock), backorderLimit },
    ...(lowStockAt !== undefined && { lowStockAt }),
    version,
  };
}

/** What shoppers may know of a published product's stock. It follows by a moment what orders take. */
export async function availabilityFromSku(sku: string): Promise<Availability> {
  await Promise.all([fromSku(sku, { staff: false }), assertVariant(sku)]);
  const stock = await stockOf(sku);
  const promises = (stock?.owed ?? 0) > 0 ? "backorder" : "in_stock";
  const words = { enough: promises, low: "low", out: "sold_out" } as const;
  return { sku, availability: words[levelOf(stock)] };
}

/** Why there are so many on hand: what came and went, newest first. */
export async function movements(sku: string, options: PageOptions): Promise<Page<Movement>> {
  await assertVariant(sku);
  const { movements: journal } = inventory().entities;
  const { fromKeys } = createConversions(journal).byAccessPattern.bySku;
  const listing = {
    binding: `movements/${sku}`,
    position: Position,
    find: async (after: Position | undefined, limit: number) => {
      const query = journal.query.bySku({ sku });
      const found = (after ? query.lt(after) : query).go({ data: "includeKeys", order: "desc", limit });
      const places = keysIn((await reaching("stock", found)).data).map((keys) => fromKeys.toComposite<Position>(keys));
      return places.map(({ createdAt, movementId }) => ({ createdAt, movementId }));
    },
    read: async (found: Position[]) => {
      const keys = found.map(({ movementId }) => ({ movementId }));
      return (await readAll("stock", keys, (some) => journal.get(some).go())).map(toMovement);
    },
  };
  return pageOf(listing, options);
}

/** Where a page of the journal ended. */
const Position = z.strictObject({
  createdAt: z.iso.datetime(),
  movementId: z.string().regex(/^(adj|mov)_[0-9A-Z]{26}$/),
});
type Position = z.infer<typeof Position>;

const maximumLooks = 10;

/** New units are spread over the shards; others are taken from where there are most. Undefined when there are too few. */
function piecesOfAdjustment(
  sku: string,
  delta: number,
  available: ReadonlyMap<number, number>,
  stock: StockItem | undefined,
): Piece[] | undefined {
  if (delta < 0) return piecesOf(sku, -delta, available);
  const parts = targetsOf(delta, shardsOf(stock)).map((quantity, shard) => ({ sku, shard, quantity }));
  return parts.filter(({ quantity }) => quantity > 0);
}

function write(movement: MovementItem, pieces: readonly Piece[]): Promise<Written> {
  const { sku, delta } = movement;
  return transact(`the stock of ${sku}`, (entities) => [
    entities.movements.create(movement).commit(),
    countOnHand(entities, movement),
    ...pieces.map((piece) => (delta > 0 ? bringIn(entities, piece) : takeOut(entities, piece))),
  ]);
}

/** Fails by its condition when another number is on hand than is expected. */
function countOnHand({ stocks }: Transaction, { sku, delta, expectedQuantity: expected }: MovementItem) {
  const update = stocks.update({ sku }).add({ onHand: delta });
  if (expected === undefined) return update.commit();
  return update
    .where(({ onHand }, { eq, notExists }) =>
      expected === 0 ? `${notExists(onHand)} OR ${eq(onHand, 0)}` : eq(onHand, expected),
    )
    .commit();
}

async function movementFromID(movementId: string): Promise<MovementItem | undefined> {
  const read = inventory().entities.movements.get({ movementId }).go({ consistent: true });
  const { data } = await reaching("stock", read);
  return data ?? undefined;
}

function replay(earlier: MovementItem, sku: string, { delta, reason, expectedQuantity }: Adjust): Adjustment {
  const same = earlier.sku === sku && earlier.delta === delta && earlier.reason === reason;
  if (!same || earlier.expectedQuantity !== expectedQuantity) throw new KeyReusedError();
  return toAdjustment(earlier);
}

function toAdjustment({ movementId: id, sku, delta, reason, expectedQuantity, createdAt }: MovementItem): Adjustment {
  return { id, sku, delta, reason, ...(expectedQuantity !== undefined && { expectedQuantity }), createdAt };
}

function toMovement({ movementId: id, sku, kind, delta, reason, actorId, orderId, createdAt }: MovementItem): Movement {
  return { id, sku, kind, delta, reason, ...(actorId && { actorId }), ...(orderId && { orderId }), createdAt };
}
