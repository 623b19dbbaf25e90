import { idSchema, Money } from "@cartwright/events";
import * as z from "zod";
import { Text } from "../text.ts";
import { ProviderName } from "./provider.ts";

export const ID = idSchema("pay");
export const RefundID = idSchema("rfd");

/** Where a payment stands, derived from its attempts. */
export const Status = z.enum([
  "intent",
  "action_required",
  "authorized",
  "declined",
  "captured",
  "partially_refunded",
  "refunded",
  "voiding",
  "voided",
]);
export type Status = z.infer<typeof Status>;

export const Kind = z.enum(["intent", "authorize", "action", "capture", "void", "refund", "chargeback", "mismatch"]);
export type Kind = z.infer<typeof Kind>;

/**
 * `requested` is written before the provider is asked, `pending` is what the provider has taken on but not finished, and
 * `unknown` is what it may or may not have done.
 */
export const Outcome = z.enum(["requested", "pending", "unknown", "succeeded", "failed"]);
export type Outcome = z.infer<typeof Outcome>;

/** One thing that was asked of the provider, or that befell the payment there. */
export const Attempt = z.object({
  kind: Kind,
  /** Unique within the payment; a refund's is `refund:` and its id. */
  key: z.string(),
  outcome: Outcome,
  amount: Money.optional(),
  /** What asked for it, such as `staff` or `return`. */
  origin: z.string().optional(),
  /** What a member of staff gave as their reason. */
  note: z.string().optional(),
  /** The provider's id of it. */
  reference: z.string().optional(),
  /** Why it failed, in the provider's words. */
  reason: z.string().optional(),
  /** When it was first written down. An authorization, capture or void that was answered at once was so with its outcome. */
  requestedAt: z.iso.datetime(),
  /** Absent until it has ended, for good or ill. */
  settledAt: z.iso.datetime().optional(),
});
export type Attempt = z.infer<typeof Attempt>;

export const Info = z.object({
  id: ID,
  orderId: idSchema("ord"),
  provider: ProviderName,
  status: Status,
  /** What the order costs. */
  amount: Money,
  authorized: Money,
  captured: Money,
  refunded: Money,
  /** Refunds that are decided, and that the provider has not finished. */
  pendingRefund: Money,
  /** What banks have taken back. */
  chargedBack: Money,
  /** What we have of it: captured, less refunded and charged back. */
  balance: Money,
  /** Oldest first. */
  attempts: z.array(Attempt),
  /** Why it was declined: to staff in the provider's words, to the customer in ours. */
  reason: z.string().optional(),
  version: z.int(),
  createdAt: z.iso.datetime(),
});
export type Info = z.infer<typeof Info>;

export const RequestRefund = z.strictObject({
  /** All that can still be refunded, unless said otherwise. */
  amount: z.strictObject({ amount: z.int().positive(), currency: Money.shape.currency }).optional(),
  /** For colleagues: it reaches neither events nor the provider. */
  reason: Text(200),
});
export type RequestRefund = z.infer<typeof RequestRefund>;

/** A refund as it was asked for; the payment shows what becomes of it. */
export const Refund = z.object({
  id: RefundID,
  paymentId: ID,
  status: z.literal("pending"),
  amount: Money,
  reason: z.string().optional(),
  requestedAt: z.iso.datetime(),
});
export type Refund = z.infer<typeof Refund>;
