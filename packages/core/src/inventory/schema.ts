import { idSchema, Money, ProductStatus, Sku } from "@cartwright/events";
import * as z from "zod";
import { Text } from "../text.ts";

export const Info = z.object({
  sku: Sku,
  title: z.string(),
  price: Money,
  status: ProductStatus,
  version: z.int(),
});
export type Info = z.infer<typeof Info>;

const Price = z.strictObject({
  amount: z.int().nonnegative().max(1_000_000_000),
  currency: z
    .string()
    .refine((code) => Intl.supportedValuesOf("currency").includes(code), "expected an ISO 4217 code such as EUR"),
});

export const Create = z.strictObject({
  sku: Sku,
  title: Text(200),
  price: Price,
  status: ProductStatus.default("published"),
});
export type Create = z.infer<typeof Create>;

export const Update = z
  .strictObject({ title: Create.shape.title, price: Price, status: ProductStatus })
  .partial()
  .refine((fields) => Object.keys(fields).length > 0, "name at least one field to change");
export type Update = z.infer<typeof Update>;

export const Stock = z.object({
  sku: Sku,
  onHand: z.int().nonnegative(),
  available: z.int().nonnegative(),
  reserved: z.int().nonnegative(),
});
export type Stock = z.infer<typeof Stock>;

export const Adjust = z.strictObject({
  delta: z
    .int()
    .min(-1_000_000)
    .max(1_000_000)
    .refine((delta) => delta !== 0, "an adjustment changes the quantity"),
  reason: Text(200),
});
export type Adjust = z.infer<typeof Adjust>;

/** One movement of stock: what changed, by how much, and why. */
export const Adjustment = z.object({
  id: idSchema("adj"),
  sku: Sku,
  delta: z.int(),
  reason: z.string(),
  createdAt: z.iso.datetime(),
});
export type Adjustment = z.infer<typeof Adjustment>;
