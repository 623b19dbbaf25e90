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
  key: z.string().describe("Unique within the payment; a refund's is `refund:` and its id."),
  outcome: Outcome,
  amount: Money.optional(),
  origin: z.string().optional().describe("What asked for it, such as `staff` or `return`."),
  note: z.string().optional().describe("What a member of staff gave as their reason."),
  reference: z.string().optional().describe("The provider's id of it."),
  reason: z.string().optional().describe("Why it failed, in the provider's words."),
  requestedAt: z.iso
    .datetime()
    .describe(
      "When it was first written down. An authorization, capture or void that was answered at once was so with its outcome.",
    ),
  settledAt: z.iso.datetime().optional().describe("Absent until it has ended, for good or ill."),
});
export type Attempt = z.infer<typeof Attempt>;

export const Info = z.object({
  id: ID,
  orderId: idSchema("ord"),
  provider: ProviderName,
  status: Status,
  amount: Money.describe("What the order costs."),
  authorized: Money,
  captured: Money,
  refunded: Money,
  pendingRefund: Money.describe("Refunds that are decided, and that the provider has not finished."),
  chargedBack: Money.describe("What banks have taken back."),
  balance: Money.describe("What we have of it: captured, less refunded and charged back."),
  attempts: z.array(Attempt).describe("Oldest first."),
  reason: z
    .string()
    .optional()
    .describe("Why it was declined: to staff in the provider's words, to the customer in ours."),
  version: z.int(),
  createdAt: z.iso.datetime(),
});
export type Info = z.infer<typeof Info>;

export const RequestRefund = z.strictObject({
  amount: z
    .strictObject({ amount: z.int().positive(), currency: Money.shape.currency })
    .optional()
    .describe("All that can still be refunded, unless said otherwise."),
  reason: Text(200).describe("For colleagues: it reaches neither events nor the provider."),
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
