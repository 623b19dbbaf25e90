import type { EventOf, ProductCreated, ProductUpdated } from "@cartwright/events";
import { isConditionFailure, reaching } from "../aws-fault.ts";
import { type Fault, InvalidError, UnavailableError } from "../error.ts";
import { prices } from "./price.entity.ts";
import { added } from "./rule.ts";
import type { Line, Place } from "./schema.ts";

/** Takes in what a product costs now. An event that is older than what we know changes nothing. */
export async function applyProduct(
  event: EventOf<typeof ProductCreated> | EventOf<typeof ProductUpdated>,
): Promise<void> {
  const { sku, title, price, status } = event.data;
  const put = prices()
    .put({ sku, title, amountMinor: price.amount, currency: price.currency, status, sequence: event.sequence })
    .where(({ sequence }, { notExists, lt }) => `${notExists(sequence)} OR ${lt(sequence, event.sequence)}`)
    .go();
  await reaching("the price list", put).catch((error) => {
    if (!isConditionFailure(error)) throw error;
  });
}

/** The lines of an order at today's prices; the same SKU asked for twice becomes one line. */
export async function price(requested: Place["lines"]): Promise<Line[]> {
  const wanted = added(requested);
  const keys = wanted.map(({ sku }) => ({ sku }));
  const { data, unprocessed } = await reaching("the price list", prices().get(keys).go());
  if (unprocessed.length > 0) throw new UnavailableError("some prices could not be read: try again");
  const known = new Map(data.map((row) => [row.sku, row]));
  const faults: Fault[] = [];
  const lines = wanted.flatMap(({ sku, quantity }): Line[] => {
    const row = known.get(sku);
    if (row?.status === "published") {
      const unitPrice = { amount: row.amountMinor, currency: row.currency };
      return [{ sku, title: row.title, quantity, unitPrice }];
    }
    const path = `lines.${requested.findIndex((line) => line.sku === sku)}.sku`;
    faults.push({ path, code: "unknown_product", message: `${sku} is not for sale` });
    return [];
  });
  if (faults.length > 0) throw new InvalidError("unknown_product", "some products are not for sale", faults);
  return lines;
}
