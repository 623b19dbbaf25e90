import { type Cause, deriveId, StockAdjusted } from "@cartwright/events";
import { now } from "../clock.ts";
import { reaching } from "../dynamo.ts";
import { ContentionError, DomainError, KeyReusedError } from "../error.ts";
import { fact, record } from "../outbox.ts";
import { inventory, products } from "./inventory.entity.ts";
import { ProductNotFoundError } from "./product.ts";
import type { Adjust, Stock } from "./schema.ts";

export class BelowZeroError extends DomainError {
  override name = "StockBelowZeroError";
  constructor(sku: string) {
    super("conflict", "stock_below_zero", `less than that of ${sku} is available: reserved units can't be taken away`);
  }
}

/** Adds to or takes from what is available, and writes down who did it and why, exactly once per key. */
export async function adjust(
  sku: string,
  input: Adjust,
  by: { actorId: string; idempotencyKey: string },
  cause: Cause,
): Promise<{ stock: Stock; replayed: boolean }> {
  const adjustmentId = deriveId("adj", by.actorId, by.idempotencyKey);
  const { data: product } = await reaching("products", products().get({ sku }).go());
  if (!product) throw new ProductNotFoundError(sku);
  const createdAt = now();
  const written = record(adjustmentId, 0, createdAt, cause, [fact(StockAdjusted, { adjustmentId, sku, ...input })]);
  const entry = { adjustmentId, sku, ...input, actorId: by.actorId, createdAt: createdAt.toISOString(), ...written };
  const write = inventory()
    .transaction.write(({ stock, adjustments }) => [
      adjustments.create(entry).commit(),
      input.delta > 0
        ? stock.upsert({ sku }).add({ available: input.delta }).commit()
        : stock
            .patch({ sku })
            .add({ available: input.delta })
            .where(({ available }, { gte }) => gte(available, -input.delta))
            .commit(),
    ])
    .go();
  const { canceled, data } = await reaching("stock", write);
  if (!canceled) return { stock: await stockOf(sku), replayed: false };
  if (data[0]?.rejected && data[0].code === "ConditionalCheckFailed") {
    await assertSame(adjustmentId, sku, input);
    return { stock: await stockOf(sku), replayed: true };
  }
  if (data[1]?.code === "ConditionalCheckFailed") throw new BelowZeroError(sku);
  throw new ContentionError(`the stock of ${sku}`);
}

/** A product without any movement has none. */
export async function stockOf(sku: string): Promise<Stock> {
  const read = inventory().entities.stock.get({ sku }).go({ consistent: true });
  const { data } = await reaching("stock", read);
  const { available, reserved } = { available: data?.available ?? 0, reserved: data?.reserved ?? 0 };
  return { sku, onHand: available + reserved, available, reserved };
}

async function assertSame(adjustmentId: string, sku: string, input: Adjust): Promise<void> {
  const read = inventory().entities.adjustments.get({ adjustmentId }).go({ consistent: true });
  const { data } = await reaching("stock", read);
  const same = data?.sku === sku && data.delta === input.delta && data.reason === input.reason;
  if (!same) throw new KeyReusedError();
}
