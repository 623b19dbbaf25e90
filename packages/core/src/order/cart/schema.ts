import { idSchema, Money, Sku } from "@cartwright/events";
import * as z from "zod";

export const ID = idSchema("crt");

const currency = Money.shape.currency;

export const Create = z.strictObject({
  /** Its prices are in this one; in that of what is put in first, if absent. */
  currency: currency.optional(),
});
export type Create = z.infer<typeof Create>;

export const SetLine = z.strictObject({ quantity: z.int().min(1).max(999) });
export type SetLine = z.infer<typeof SetLine>;

/** At today's price. It has none when it can't be bought: `problems` says why. */
export const Line = z.object({
  sku: Sku,
  title: z.string(),
  quantity: z.int().positive(),
  unitPrice: Money.optional(),
  lineTotal: Money.optional(),
});
export type Line = z.infer<typeof Line>;

export const Problem = z.object({
  /** Such as `lines.0`. */
  path: z.string(),
  sku: Sku,
  /** A price that has changed is accepted by putting the line again. */
  code: z.enum(["price_changed", "out_of_stock", "not_for_sale", "no_price_in_currency"]),
  message: z.string(),
  /** Of a price: what it was when the line was put last. */
  was: Money.optional(),
  /** Of a price: what it is. */
  now: Money.optional(),
});
export type Problem = z.infer<typeof Problem>;

export const Info = z.object({
  id: ID,
  lines: z.array(Line),
  /** Of all lines that can be bought; absent while there is no currency. */
  subtotal: Money.optional(),
  currency: currency.optional(),
  problems: z.array(Problem),
  /** The order that has emptied it, until something is put in again. */
  orderedAs: idSchema("ord").optional(),
  version: z.int(),
  /** It is kept until then, and longer with each change. */
  expiresAt: z.iso.datetime(),
});
export type Info = z.infer<typeof Info>;
