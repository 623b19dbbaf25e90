/** What we rely on of Stripe's answers, and what it means in our terms. Everything else in them is ignored. */
import { idSchema } from "@cartwright/events";
import * as z from "zod";
import type { Action, Charge, Dispute, Listed, Refund } from "../provider.ts";
import { fromStripe } from "./amount.ts";

/** What we write on everything we make at Stripe: whose it is, so that accounts can be shared, and under which key. */
export const Metadata = z.object({
  application: z.string().optional(),
  order_id: z.string().optional(),
  key: z.string().optional(),
});
export type Metadata = z.infer<typeof Metadata>;

const Failure = z.object({ code: z.string().nullish(), decline_code: z.string().nullish() });

const PaymentIntent = z.object({
  id: z.string().min(1),
  status: z.enum([
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "canceled",
    "succeeded",
  ]),
  amount: z.int().nonnegative(),
  amount_received: z.int().nonnegative(),
  currency: z.string(),
  metadata: Metadata,
  last_payment_error: Failure.nullish(),
  cancellation_reason: z.string().nullish(),
});
type PaymentIntent = z.infer<typeof PaymentIntent>;

const Confirmation = PaymentIntent.extend({
  client_secret: z.string().nullish(),
  next_action: z.object({ redirect_to_url: z.object({ url: z.string().nullish() }).nullish() }).nullish(),
});

const ListedIntent = PaymentIntent.extend({
  latest_charge: z.object({ amount_refunded: z.int().nonnegative(), disputed: z.boolean() }).nullish(),
});

const RefundAnswer = z.object({
  id: z.string().min(1),
  amount: z.int().nonnegative(),
  currency: z.string(),
  status: z.enum(["pending", "requires_action", "succeeded", "failed", "canceled"]).nullish(),
  failure_reason: z.string().nullish(),
  metadata: Metadata.nullish(),
});

const DisputeAnswer = z.object({
  id: z.string().min(1),
  amount: z.int().nonnegative(),
  currency: z.string(),
  status: z.string(),
  reason: z.string().nullish(),
  balance_transactions: z.array(z.object({ amount: z.int() })).nullish(),
});

/** A payment intent in our terms, together with what was written on it. */
export interface Intent {
  charge: Charge;
  metadata: Metadata;
}

/** All that is looked at before it is known whose an object is: another application's may have any shape. */
export function readMetadata(answer: unknown): Metadata {
  return z.object({ metadata: Metadata }).parse(answer).metadata;
}

/** Whether an object of Stripe's was made for this order, by this application and stage. */
export function isMadeFor(metadata: Metadata, application: string, orderId: string): boolean {
  return metadata.application === application && metadata.order_id === orderId;
}

/** The order that an object was made for; `undefined` when another application has made it. */
export function orderOf(metadata: Metadata, application: string): string | undefined {
  const orderId = idSchema("ord").safeParse(metadata.order_id);
  return metadata.application === application && orderId.success ? orderId.data : undefined;
}

export function readIntent(answer: unknown): Intent {
  const intent = PaymentIntent.parse(answer);
  return { charge: toCharge(intent), metadata: intent.metadata };
}

/** `action` is absent unless the customer has something to confirm. */
export function readConfirmation(answer: unknown): Intent & { action?: Action } {
  const { client_secret: clientSecret, next_action: next, ...intent } = Confirmation.parse(answer);
  const charge = toCharge(intent);
  if (charge.status !== "action_required") return { charge, metadata: intent.metadata };
  const action = { clientSecret: clientSecret ?? undefined, url: next?.redirect_to_url?.url ?? undefined };
  return { charge, metadata: intent.metadata, action };
}

/** `undefined` for what another application has made. */
export function readListed(answer: unknown, application: string): Listed | undefined {
  const orderId = orderOf(readMetadata(answer), application);
  if (!orderId) return undefined;
  const intent = ListedIntent.parse(answer);
  const { refunds: _refunds, disputes: _disputes, ...charge } = toCharge(intent);
  const { amount_refunded: refunded = 0, disputed = false } = intent.latest_charge ?? {};
  return { orderId, charge: { ...charge, refundedMinor: fromStripe(refunded, intent.currency).amount, disputed } };
}

export function readRefund(answer: unknown): Refund {
  const refund = RefundAnswer.parse(answer);
  return {
    reference: refund.id,
    key: refund.metadata?.key,
    status: refundStatus(refund.status),
    amountMinor: fromStripe(refund.amount, refund.currency).amount,
    reason: refund.failure_reason ?? (refund.status === "canceled" ? refund.status : undefined),
  };
}

/** `undefined` for one that has taken no money: an inquiry before a chargeback, or a chargeback that was prevented. */
export function readDispute(answer: unknown): Dispute | undefined {
  const dispute = DisputeAnswer.parse(answer);
  const status = disputeStatus(dispute);
  if (!status) return undefined;
  return {
    reference: dispute.id,
    status,
    amountMinor: fromStripe(dispute.amount, dispute.currency).amount,
    reason: dispute.reason ?? undefined,
  };
}

/** Since the version 2025-03-31 of Stripe's API, a hold that is given back is no refund, in sums and lists alike. */
function toCharge(intent: PaymentIntent): Charge {
  return {
    reference: intent.id,
    status: chargeStatus[intent.status],
    amount: fromStripe(intent.amount, intent.currency),
    capturedMinor: fromStripe(intent.amount_received, intent.currency).amount,
    refunds: [],
    disputes: [],
    reason: reasonOf(intent),
  };
}

/** An intent that failed waits for another payment method; we never send one, so to us it is declined. */
const chargeStatus = {
  requires_payment_method: "declined",
  requires_confirmation: "action_required",
  requires_action: "action_required",
  processing: "processing",
  requires_capture: "authorized",
  canceled: "voided",
  succeeded: "captured",
} as const satisfies Record<PaymentIntent["status"], Charge["status"]>;

function reasonOf({ status, last_payment_error: failure, cancellation_reason }: PaymentIntent): string | undefined {
  if (status === "canceled") return cancellation_reason ?? undefined;
  if (status !== "requires_payment_method") return undefined;
  return failure?.decline_code || failure?.code || status;
}

function refundStatus(status: z.infer<typeof RefundAnswer>["status"]): Refund["status"] {
  if (status === "succeeded") return status;
  return status === "failed" || status === "canceled" ? "failed" : "pending";
}

/** A prevented one may have been settled by paying back, which its balance transactions tell. */
function disputeStatus({ status, balance_transactions }: z.infer<typeof DisputeAnswer>): Dispute["status"] | undefined {
  if (status === "won" || status === "lost") return status;
  if (status.startsWith("warning_")) return undefined;
  if (status !== "prevented") return "open";
  const netMinor = (balance_transactions ?? []).reduce((sum, { amount }) => sum + amount, 0);
  return netMinor < 0 ? "lost" : undefined;
}
