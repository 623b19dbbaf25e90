import { CancelReason, idSchema, Money, Sku } from "@cartwright/events";
import * as z from "zod";
import { Text } from "../text.ts";

export const ID = idSchema("ord");

export const Line = z.object({ sku: Sku, title: z.string(), quantity: z.int().positive(), unitPrice: Money });
export type Line = z.infer<typeof Line>;

export const Address = z.strictObject({
  name: Text(100),
  line1: Text(200),
  line2: Text(200).optional(),
  city: Text(100),
  postalCode: Text(20),
  country: z.string().regex(/^[A-Z]{2}$/, "expected an ISO 3166 code such as DE"),
});
export type Address = z.infer<typeof Address>;

export const Info = z.object({
  id: ID,
  status: z.enum(["pending", "confirmed", "cancelled"]),
  reason: CancelReason.optional(),
  lines: z.array(Line),
  total: Money,
  shippingAddress: Address,
  paid: z.boolean(),
  version: z.int(),
  createdAt: z.iso.datetime(),
});
export type Info = z.infer<typeof Info>;

export const Summary = Info.pick({ id: true, status: true, reason: true, total: true, createdAt: true });
export type Summary = z.infer<typeof Summary>;

/** More lines than this would not fit the one transaction that reserves them. */
export const maximumLines = 50;

export const Place = z.strictObject({
  lines: z
    .array(z.strictObject({ sku: Sku, quantity: z.int().min(1).max(999) }))
    .min(1)
    .max(maximumLines),
  shippingAddress: Address,
  payment: z.strictObject({
    token: z.string().regex(/^[\x21-\x7e]{1,200}$/, "expected a token of the payment provider"),
  }),
});
export type Place = z.infer<typeof Place>;
