import {
  type EventOf,
  Money,
  type OrderLine,
  type ProductCreated,
  ProductStatus,
  type ProductUpdated,
  type ProductVariant,
  Sku,
  type StockLow,
  type StockReplenished,
  type StockSoldOut,
} from "@cartwright/events";
import { createConversions } from "electrodb";
import * as z from "zod";
import { applied, reaching } from "../../aws-fault.ts";
import { readAll } from "../../batch.ts";
import { now } from "../../clock.ts";
import { keysIn } from "../../cursor.ts";
import { type Fault, InvalidError } from "../../error.ts";
import { added } from "../../lines.ts";
import { note } from "../../spent.ts";
import type { Line } from "../schema.ts";
import { type PriceItem, prices, rebuilds } from "./price.entity.ts";

/** What can be ordered under a SKU. */
export const Offer = z.object({
  sku: Sku,
  /** The product's title with what tells the variant from others, such as "Stoneware mug, blue". */
  title: z.string(),
  /** One for each currency that it is sold in. */
  prices: z.array(Money),
  /** Of a variant that is retired by itself, `retired`. */
  status: ProductStatus,
  /** Whether there is any, or may be promised; nothing is before it was heard of. */
  inStock: z.boolean(),
});
export type Offer = z.infer<typeof Offer>;

/**
 * Takes in what a product is sold as and for how much now, each of its variants by itself. A variant changes nothing
 * when an event is older than the one it is known by, or the same.
 */
export async function applyProduct(
  event: EventOf<typeof ProductCreated> | EventOf<typeof ProductUpdated>,
): Promise<void> {
  const { sku: product, title, status, variants } = event.data;
  const lists = await listsToWrite();
  for (const { variant, list } of variants.flatMap((one) => lists.map((to) => ({ variant: one, list: to })))) {
    const known = {
      ...{ ...list, sku: variant.sku, product, title: titleOf(title, variant), prices: variant.prices },
      ...{ status: variant.retired ? ("retired" as const) : status, sequence: event.sequence },
    };
    const write = prices()
      .upsert(known)
      .where(({ sequence }, { notExists, lt }) => `${notExists(sequence)} OR ${lt(sequence, event.sequence)}`)
      .go();
    note({ idempotency: (await applied("the price list", write)) ? "new" : "unchanged" });
  }
}

/** Takes in whether there is any of a variant, which may be heard of before its product is. */
export async function applyStock(
  event: EventOf<typeof StockLow> | EventOf<typeof StockSoldOut> | EventOf<typeof StockReplenished>,
  inStock: boolean,
): Promise<void> {
  for (const list of await listsToWrite()) {
    const write = prices()
      .upsert({ ...list, sku: event.data.sku, inStock, stockSequence: event.sequence })
      .where(
        ({ stockSequence }, { notExists, lt }) => `${notExists(stockSequence)} OR ${lt(stockSequence, event.sequence)}`,
      )
      .go();
    note({ idempotency: (await applied("the price list", write)) ? "new" : "unchanged" });
  }
}

/** By SKU; without those of which nothing is known but their stock. What is no longer for sale says so. */
export async function offersOf(skus: readonly string[]): Promise<Map<string, Offer>> {
  const rows = await readRows(live, [...new Set(skus)]);
  return new Map([...rows.values()].flatMap(offersIn).map((offer) => [offer.sku, offer]));
}

/**
 * The lines of an order at today's prices; the same SKU asked for twice becomes one line. Without `currency` they are in
 * the first one that all have a price in. Throws `InvalidError` with a fault for each line that can't be sold.
 */
export async function price(requested: readonly OrderLine[], currency?: string): Promise<Line[]> {
  const wanted = added(requested);
  const offers = await offersOf(wanted.map(({ sku }) => sku));
  const sold = wanted.flatMap(({ sku }) => offers.get(sku) ?? []).filter(isForSale);
  const chosen = currency ?? commonCurrency(sold);
  const faults: Fault[] = [];
  const lines = wanted.flatMap(({ sku, quantity }): Line[] => {
    const offer = sold.find((one) => one.sku === sku);
    const unitPrice = offer?.prices.find((money) => money.currency === chosen);
    if (offer && unitPrice) return [{ sku, title: offer.title, quantity, unitPrice }];
    const path = `lines.${requested.findIndex((line) => line.sku === sku)}.sku`;
    faults.push({ path, ...(offer ? unpriced(offer, chosen) : unknown(sku)) });
    return [];
  });
  const [first] = faults;
  if (!first) return lines;
  throw new InvalidError(first.code, faults.map(({ message }) => message).join("; "), faults);
}

/** The list that orders are priced by. */
export const live = "live";
export const projection = "price-list";

/** Longer than any rebuild takes. */
const rebuildDays = 7;

/** The id of the rebuild that has begun, until it has ended or its time is up. */
export async function rebuildUnderWay(): Promise<string | undefined> {
  const read = rebuilds().get({ projection }).go({ consistent: true });
  const { data } = await reaching("the price list", read);
  return data?.until && data.until > now().toISOString() ? data.rebuildId : undefined;
}

/** What has happened since a rebuild began is written to both lists, or the new one would lack it. */
async function listsToWrite(): Promise<{ list: string; expiresAt?: number }[]> {
  const rebuildId = await rebuildUnderWay();
  if (!rebuildId) return [{ list: live }];
  const expiresAt = Math.floor(now().getTime() / 1000) + rebuildDays * 24 * 60 * 60;
  return [{ list: live }, { list: rebuildId, expiresAt }];
}

/** What the list holds after a SKU, or all, in their order: for those who compare it, or make it anew. */
export async function skusIn(list: string, after: string | undefined, limit: number): Promise<string[]> {
  const all = prices().query.all({ list });
  const query = (after === undefined ? all : all.gt({ sku: after })).go({ data: "includeKeys", limit });
  const { data } = await reaching("the price list", query);
  const { fromKeys } = createConversions(prices()).byAccessPattern.all;
  return keysIn(data).map((keys) => fromKeys.toComposite<Pick<PriceItem, "sku">>(keys).sku);
}

export async function readRows(list: string, skus: readonly string[]): Promise<Map<string, PriceItem>> {
  const keys = skus.map((sku) => ({ list, sku }));
  const rows = await readAll("the price list", keys, (some) => prices().get(some).go());
  return new Map(rows.map((row) => [row.sku, row]));
}

function titleOf(title: string, { options }: ProductVariant): string {
  return [title, ...options.map(({ value }) => value)].join(", ");
}

function offersIn({ sku, title, prices, status, inStock = false }: PriceItem): Offer[] {
  if (title === undefined || prices === undefined || status === undefined) return [];
  return [{ sku, title, prices, status, inStock }];
}

function isForSale({ status }: Offer): boolean {
  return status === "published";
}

/** Of the first line's currencies the first that all others have too; without such a one, its own first. */
function commonCurrency(offers: readonly Offer[]): string | undefined {
  const currencies = offers[0]?.prices.map(({ currency }) => currency) ?? [];
  const isCommon = (currency: string) =>
    offers.every(({ prices }) => prices.some((money) => money.currency === currency));
  return currencies.find(isCommon) ?? currencies[0];
}

function unknown(sku: string) {
  return { code: "unknown_product", message: `${sku} is not for sale` };
}

function unpriced({ sku, prices }: Offer, currency: string | undefined) {
  const known = prices.map((money) => money.currency).join(", ");
  return { code: "no_price_in_currency", message: `${sku} has no price in ${currency}, but in ${known}` };
}
