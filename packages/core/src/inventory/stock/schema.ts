import { idSchema, Sku } from "@cartwright/events";
import * as z from "zod";
import { Text } from "../../text.ts";

/** More would gain nothing: each reservation reads the SKU's settings, which one item answers 6,000 times a second. */
const maximumShards = 12;

export const Stock = z.object({
  sku: Sku,
  onHand: z.int().nonnegative().describe("`available` and `reserved` together."),
  available: z.int().nonnegative(),
  reserved: z.int().nonnegative().describe("Held for orders, and not shipped yet."),
  backordered: z.int().nonnegative().describe("Promised to orders, and still to come."),
  shards: z
    .int()
    .positive()
    .describe("Over how many parts new units are spread, so that many orders at once don't wait for each other."),
  backorderLimit: z.int().nonnegative().describe("How many units may be promised that are still to come."),
  lowStockAt: z.int().nonnegative().optional(),
  version: z.int().nonnegative(),
});
export type Stock = z.infer<typeof Stock>;

export const ConfigureStock = z
  .strictObject({
    shards: z.int().min(1).max(maximumShards),
    backorderLimit: z.int().min(0).max(1_000_000),
    lowStockAt: z
      .int()
      .min(0)
      .max(1_000_000)
      .nullable()
      .describe("At or below this many `stock.low` is told; `null` switches it off."),
  })
  .partial()
  .refine((fields) => Object.keys(fields).length > 0, "name at least one setting to change");
export type ConfigureStock = z.infer<typeof ConfigureStock>;

/** What shoppers are told. */
export const Availability = z.object({
  sku: Sku,
  availability: z.enum(["in_stock", "low", "backorder", "sold_out"]),
});
export type Availability = z.infer<typeof Availability>;

export const Adjust = z.strictObject({
  delta: z
    .int()
    .min(-1_000_000)
    .max(1_000_000)
    .refine((delta) => delta !== 0, "an adjustment changes the quantity"),
  reason: Text(200),
  expectedQuantity: z
    .int()
    .nonnegative()
    .optional()
    .describe(
      "How many are on hand as far as the caller knows: the adjustment is refused when there are more or fewer.",
    ),
});
export type Adjust = z.infer<typeof Adjust>;

/** A correction by staff: what changed, by how much, and why. */
export const Adjustment = z.object({
  id: idSchema("adj"),
  sku: Sku,
  delta: z.int(),
  reason: z.string(),
  expectedQuantity: z.int().optional(),
  createdAt: z.iso.datetime(),
});
export type Adjustment = z.infer<typeof Adjustment>;

/** One entry of the journal: all of a SKU's deltas together are what is on hand. */
export const Movement = z.object({
  id: z.string(),
  sku: Sku,
  kind: z.enum(["adjusted", "shipped", "returned", "written-off"]),
  delta: z.int().describe("0 for goods that came back and were written off."),
  reason: z.string(),
  actorId: z.string().optional().describe("The member of staff who adjusted it."),
  orderId: z.string().optional().describe("The order whose goods moved."),
  createdAt: z.iso.datetime(),
});
export type Movement = z.infer<typeof Movement>;

/** A line that can't be reserved. */
export const Shortfall = z.object({ sku: Sku, quantity: z.int(), available: z.int() });
export type Shortfall = z.infer<typeof Shortfall>;
