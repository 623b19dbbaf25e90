import { idSchema, Money, Sku } from "@cartwright/events";
import * as z from "zod";

export const ID = idSchema("crt");

const currency = Money.shape.currency;

export const Create = z.strictObject({
  currency: currency.optional().describe("Its prices are in this one; in that of what is put in first, if absent."),
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
  path: z.string().describe("Such as `lines.0`."),
  sku: Sku,
  code: z
    .enum(["price_changed", "out_of_stock", "not_for_sale", "no_price_in_currency"])
    .describe("A price that has changed is accepted by putting the line again."),
  message: z.string(),
  was: Money.optional().describe("Of a price: what it was when the line was put last."),
  now: Money.optional().describe("Of a price: what it is."),
});
export type Problem = z.infer<typeof Problem>;

export const Info = z.object({
  id: ID,
  lines: z.array(Line),
  subtotal: Money.optional().describe("Of all lines that can be bought; absent while there is no currency."),
  currency: currency.optional(),
  problems: z.array(Problem),
  orderedAs: idSchema("ord").optional().describe("The order that has emptied it, until something is put in again."),
  version: z.int(),
  expiresAt: z.iso.datetime().describe("It is kept until then, and longer with each change."),
});
export type Info = z.infer<typeof Info>;
