/** The stock of a SKU lies in one shard or in several, which act as one. A unit moves between counters and never doubles. */
import { reaching } from "../../aws-fault.ts";
import { readAll } from "../../batch.ts";
import { random } from "../../chance.ts";
import { attempts, untilUncontended } from "../../contention.ts";
import { ContentionError, isUnavailable } from "../../error.ts";
import { type Piece, piecesOf, quantityOf, transfersOf } from "./hold.ts";
import { measureNegative } from "./measure.ts";
import { inventory, type ShardItem, type StockItem, type Transaction } from "./stock.entity.ts";
import { transact } from "./transaction.ts";

export type Stocks = ReadonlyMap<string, StockItem>;

/** What is known of the stock of each SKU as a whole. A SKU that never moved is not in it. */
export async function stocksOf(skus: readonly string[], { consistent = false } = {}): Promise<Stocks> {
  const keys = skus.map((sku) => ({ sku }));
  const stocks = await readAll("stock", keys, (some) => inventory().entities.stocks.get(some).go({ consistent }));
  return new Map(stocks.map((stock) => [stock.sku, stock]));
}

export async function stockOf(sku: string): Promise<StockItem | undefined> {
  return (await stocksOf([sku], { consistent: true })).get(sku);
}

export const shardsOf = (stock: StockItem | undefined) => stock?.shards ?? 1;
export const reachOf = (stock: StockItem | undefined) => stock?.reach ?? 1;

/** One of those that new units are spread over. */
export function anyShard(stock: StockItem | undefined): number {
  return Math.floor(random() * shardsOf(stock));
}

/** Up to date one by one, but not of one moment. */
export async function readShards(keys: readonly { sku: string; shard: number }[]): Promise<ShardItem[]> {
  const wanted = keys.map(({ sku, shard }) => ({ sku, shard }));
  const read = (some: typeof wanted) => inventory().entities.shards.get(some).go({ consistent: true });
  const shards = await readAll("stock", wanted, read);
  measureNegative(shards);
  return shards;
}

export function allShards(sku: string, stock: StockItem | undefined): { sku: string; shard: number }[] {
  return Array.from({ length: reachOf(stock) }, (_, shard) => ({ sku, shard }));
}

/** The stock of a SKU as a whole, and what each of its shards has. */
export interface Snapshot {
  stock: StockItem | undefined;
  available: Map<number, number>;
}

/**
 * All of a SKU's stock at one moment: units that move from one shard to another are seen once, so that "sold out" is said
 * of nothing that is there. Throws `ContentionError`.
 */
export async function snapshotOf(sku: string): Promise<Snapshot> {
  for (let known = await stockOf(sku), attempt = 0; attempt < attempts; attempt++) {
    const { stock, shards } = await readAtOnce(sku, reachOf(known));
    if (reachOf(stock) === reachOf(known)) {
      measureNegative(stock ? [...shards, stock] : shards);
      return { stock, available: new Map(shards.map(({ shard, available }) => [shard, available])) };
    }
    known = stock;
  }
  throw new ContentionError(`the stock of ${sku}`);
}

async function readAtOnce(sku: string, reach: number) {
  const read = () =>
    inventory()
      .transaction.get((entities) => [
        entities.stocks.get({ sku }).commit(),
        ...Array.from({ length: reach }, (_, shard) => entities.shards.get({ sku, shard }).commit()),
      ])
      .go();
  const { canceled, data } = await untilUncontended(`the stock of ${sku}`, () => reaching("stock", read()));
  if (canceled) throw new ContentionError(`the stock of ${sku}`);
  const [stock, ...shards] = data.map(({ item }) => item);
  return {
    stock: (stock ?? undefined) as StockItem | undefined,
    shards: shards.flatMap((shard) => (shard ? [shard as ShardItem] : [])),
  };
}

/** Evens out what the shards have, after their number has changed or when one has run empty before the others. */
export async function spread(sku: string): Promise<void> {
  const { stock, available } = await snapshotOf(sku);
  for (const { from, to, quantity } of transfersOf(available, shardsOf(stock))) {
    await move(sku, [{ sku, shard: from, quantity }], to);
  }
}

/** For whoever has what they came for: that others are in the way of something more is no reason to fail. */
export async function unlessBusy(more: Promise<void>): Promise<void> {
  await more.catch((error) => {
    if (!isUnavailable(error)) throw error;
  });
}

/** Brings `quantity` units together in one shard, for an order whose lines lie in more shards than one transaction takes. */
export async function gather(sku: string, quantity: number): Promise<void> {
  const { available } = await snapshotOf(sku);
  const [target, ...others] = piecesOf(sku, quantity, available) ?? [];
  if (target && others.length > 0) await move(sku, others, target.shard);
}

/** Does nothing when somebody has taken the units meanwhile. */
async function move(sku: string, pieces: Piece[], to: number): Promise<void> {
  await transact(`the stock of ${sku}`, (entities) => [
    ...pieces.map((piece) => takeOut(entities, piece)),
    bringIn(entities, { sku, shard: to, quantity: quantityOf(pieces) }),
  ]);
}

/** Available units leave a shard. Fails by its condition when it has fewer. */
export function takeOut({ shards }: Transaction, { sku, shard, quantity }: Piece) {
  return shards
    .patch({ sku, shard })
    .add({ available: -quantity })
    .where(({ available }, { gte }) => gte(available, quantity))
    .commit();
}

/** A shard that was never needed before begins with it. */
export function bringIn({ shards }: Transaction, { sku, shard, quantity }: Piece) {
  return shards.upsert({ sku, shard }).add({ available: quantity }).commit();
}

/** Available units become reserved ones. Fails by its condition when there are fewer. */
export function hold({ shards }: Transaction, { sku, shard, quantity }: Piece) {
  return shards
    .patch({ sku, shard })
    .add({ available: -quantity, reserved: quantity })
    .where(({ available }, { gte }) => gte(available, quantity))
    .commit();
}

/** Reserved units become available again. */
export function letGo({ shards }: Transaction, { sku, shard, quantity }: Piece) {
  return shards.patch({ sku, shard }).add({ available: quantity, reserved: -quantity }).commit();
}

/** Reserved units leave the house. */
export function sendOff({ shards }: Transaction, { sku, shard, quantity }: Piece) {
  return shards.patch({ sku, shard }).add({ reserved: -quantity }).commit();
}
