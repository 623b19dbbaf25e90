/** Tells staff and shoppers when little is left of a product, or nothing. */
import { type Cause, StockLow, StockReplenished, StockSoldOut } from "@cartwright/events";
import { applied } from "../../aws-fault.ts";
import { now } from "../../clock.ts";
import { ContentionError } from "../../error.ts";
import { type Fact, fact, record } from "../../outbox.ts";
import { total } from "./hold.ts";
import { type Snapshot, snapshotOf } from "./shard.ts";
import { inventory, type StockItem } from "./stock.entity.ts";

type Level = NonNullable<StockItem["level"]>;

export const stockSubject = (sku: string) => `stock:${sku}`;

/** A SKU is sold out until something comes in. */
export const levelOf = (stock: StockItem | undefined): Level => stock?.level ?? "out";

/** Whether what a shard has left may mean something: while it alone has more than the threshold, so have all together. */
export function mayBeLow(stock: StockItem | undefined, left: number): boolean {
  return left <= (stock?.lowStockAt ?? 0);
}

/** Looks how much is left of a SKU, and writes down, with its event, when that means something else than before. */
export async function heedLevel(sku: string, cause: Cause, seen?: Snapshot): Promise<void> {
  // What has changed between our look and our write is seen by another look.
  for (let attempt = 0, look = seen; attempt < 10; attempt++, look = undefined) {
    const snapshot = look ?? (await snapshotOf(sku));
    const { stock } = snapshot;
    const available = total(snapshot.available);
    const level = judge(available, stock);
    if (level === levelOf(stock)) return;
    await write(sku, stock, level, tell(sku, available, level, stock), cause);
  }
  throw new ContentionError(`the stock of ${sku}`);
}

function judge(available: number, stock: StockItem | undefined): Level {
  const promisable = (stock?.backorderLimit ?? 0) - (stock?.owed ?? 0);
  if (available <= 0 && promisable <= 0) return "out";
  if (stock?.lowStockAt !== undefined && available <= stock.lowStockAt) return "low";
  return "enough";
}

function tell(sku: string, available: number, level: Level, stock: StockItem | undefined): Fact {
  if (level === "out") return fact(StockSoldOut, { sku });
  if (level === "low") return fact(StockLow, { sku, available, lowStockAt: stock!.lowStockAt! });
  return fact(StockReplenished, { sku, available });
}

async function write(
  sku: string,
  before: StockItem | undefined,
  level: Level,
  told: Fact,
  cause: Cause,
): Promise<void> {
  const written = record(stockSubject(sku), before?.version ?? 0, now(), cause, [told]);
  const upsert = inventory()
    .entities.stocks.upsert({ sku })
    .set({ level, ...written })
    .where(({ version }, { eq, notExists }) =>
      before?.version === undefined ? notExists(version) : eq(version, before.version),
    )
    .go();
  // Somebody who was faster is seen by the next look.
  await applied("stock", upsert);
}
