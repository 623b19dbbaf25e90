import { idSchema, Sku } from "@cartwright/events";
import * as z from "zod";
import { Text } from "../../text.ts";

/** More would gain nothing: each reservation reads the SKU's settings, which one item answers 6,000 times a second. */
const maximumShards = 12;

export const Stock = z.object({
  sku: Sku,
  /** `available` and `reserved` together. */
  onHand: z.int().nonnegative(),
  available: z.int().nonnegative(),
  /** Held for orders, and not shipped yet. */
  reserved: z.int().nonnegative(),
  /** Promised to orders, and still to come. */
  backordered: z.int().nonnegative(),
  /** Over how many parts new units are spread, so that many orders at once don't wait for each other. */
  shards: z.int().positive(),
  /** How many units may be promised that are still to come. */
  backorderLimit: z.int().nonnegative(),
  lowStockAt: z.int().nonnegative().optional(),
  version: z.int().nonnegative(),
});
export type Stock = z.infer<typeof Stock>;

export const ConfigureStock = z
  .strictObject({
    shards: z.int().min(1).max(maximumShards),
    backorderLimit: z.int().min(0).max(1_000_000),
    /** `null` for: don't tell. */
    lowStockAt: z.int().min(0).max(1_000_000).nullable(),
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
  /** How many are on hand as far as the caller knows: the adjustment is refused when there are more or fewer. */
  expectedQuantity: z.int().nonnegative().optional(),
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
  /** 0 for goods that came back and were written off. */
  delta: z.int(),
  reason: z.string(),
  /** The member of staff who adjusted it. */
  actorId: z.string().optional(),
  /** The order whose goods moved. */
  orderId: z.string().optional(),
  createdAt: z.iso.datetime(),
});
export type Movement = z.infer<typeof Movement>;

/** A line that can't be reserved. */
export const Shortfall = z.object({ sku: Sku, quantity: z.int(), available: z.int() });
export type Shortfall = z.infer<typeof Shortfall>;
