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

/** Goods that have come back, and what is refunded for them. */
export const Return = z.object({
  id: idSchema("ret"),
  lines: z.array(z.object({ sku: Sku, quantity: z.int().positive() })),
  amount: Money,
  /** Whether the units can be sold again. */
  restock: z.boolean(),
  /** Why they came back; the customer can read it. */
  reason: z.string().optional(),
  createdAt: z.iso.datetime(),
});
export type Return = z.infer<typeof Return>;

export const Info = z.object({
  id: ID,
  status: z.enum(["pending", "confirmed", "cancelled", "returned"]),
  reason: CancelReason.optional(),
  /** It will be cancelled, as soon as its money and stock have been given back. */
  cancelling: z.boolean(),
  lines: z.array(Line),
  total: Money,
  shippingAddress: Address,
  paid: z.boolean(),
  /** What has been paid back so far. */
  refunded: Money,
  returns: z.array(Return),
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

export const RecordReturn = z.strictObject({
  lines: z
    .array(z.strictObject({ sku: Sku, quantity: z.int().min(1).max(999) }))
    .min(1)
    .max(maximumLines),
  /** False for what can't be sold again. */
  restock: z.boolean(),
  /** Why they came back; the customer can read it. */
  reason: Text(200).optional(),
});
export type RecordReturn = z.infer<typeof RecordReturn>;

export const Cancellation = z.object({
  orderId: ID,
  /** `cancelled` for one that was so before it was asked for. */
  status: z.enum(["cancelling", "cancelled"]),
  reason: CancelReason,
});
export type Cancellation = z.infer<typeof Cancellation>;
