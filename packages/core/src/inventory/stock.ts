import { type Cause, deriveId, StockAdjusted } from "@cartwright/events";
import { reaching } from "../aws-fault.ts";
import { now } from "../clock.ts";
import { untilUncontended } from "../contention.ts";
import { DomainError, KeyReusedError } from "../error.ts";
import { fact, record } from "../outbox.ts";
import { inventory, products } from "./inventory.entity.ts";
import { ProductNotFoundError } from "./product.ts";
import type { Adjust, Adjustment, Stock } from "./schema.ts";

export class BelowZeroError extends DomainError {
  override name = "StockBelowZeroError";
  constructor(sku: string) {
    super("conflict", "stock_below_zero", `less than that of ${sku} is available: reserved units can't be taken away`);
  }
}

/**
 * Adds to or takes from what is available, and writes down who did it and why, exactly once per key. A repeated
 * request is answered with the adjustment as it was made; levels are asked for with `stockFromSku`.
 */
export async function adjust(
  sku: string,
  input: Adjust,
  by: { actorId: string; idempotencyKey: string },
  cause: Cause,
): Promise<{ adjustment: Adjustment; replayed: boolean }> {
  const adjustmentId = deriveId("adj", by.actorId, by.idempotencyKey);
  await assertProduct(sku);
  const { delta, reason } = input;
  const createdAt = now();
  const written = record(adjustmentId, 0, createdAt, cause, [fact(StockAdjusted, { adjustmentId, sku, delta })]);
  const entry = { adjustmentId, sku, delta, reason, actorId: by.actorId, createdAt: createdAt.toISOString() };
  const write = () =>
    inventory()
      .transaction.write(({ stock, adjustments }) => [
        adjustments.create({ ...entry, ...written }).commit(),
        delta > 0
          ? stock.upsert({ sku }).add({ available: delta }).commit()
          : stock
              .patch({ sku })
              .add({ available: delta })
              .where(({ available }, { gte }) => gte(available, -delta))
              .commit(),
      ])
      .go();
  const { canceled, data } = await untilUncontended(`the stock of ${sku}`, () => reaching("stock", write()));
  if (!canceled) return { adjustment: serialize(entry), replayed: false };
  if (data[0]?.code !== "ConditionalCheckFailed") throw new BelowZeroError(sku);
  const earlier = await earlierAdjustment(adjustmentId);
  const same = earlier.sku === sku && earlier.delta === delta && earlier.reason === reason;
  if (!same) throw new KeyReusedError();
  return { adjustment: earlier, replayed: true };
}

/** A product that never moved has none in stock. */
export async function stockFromSku(sku: string): Promise<Stock> {
  const read = inventory().entities.stock.get({ sku }).go({ consistent: true });
  const { data } = await reaching("stock", read);
  if (!data) await assertProduct(sku);
  const { available, reserved } = { available: data?.available ?? 0, reserved: data?.reserved ?? 0 };
  return { sku, onHand: available + reserved, available, reserved };
}

async function assertProduct(sku: string): Promise<void> {
  const { data } = await reaching("products", products().get({ sku }).go({ consistent: true }));
  if (!data) throw new ProductNotFoundError(sku);
}

async function earlierAdjustment(adjustmentId: string): Promise<Adjustment> {
  const read = inventory().entities.adjustments.get({ adjustmentId }).go({ consistent: true });
  const { data } = await reaching("stock", read);
  return serialize(data!);
}

function serialize(entry: Omit<Adjustment, "id"> & { adjustmentId: string }): Adjustment {
  const { adjustmentId: id, sku, delta, reason, createdAt } = entry;
  return { id, sku, delta, reason, createdAt };
}
