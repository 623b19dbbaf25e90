/** Objects in the shapes that https://docs.stripe.com/api documents, with the fields that an account really sees. */
import { createHash } from "node:crypto";

export type Json = { [field: string]: unknown };

export interface PaymentIntent extends Json {
  id: string;
  status: string;
  amount: number;
  amount_capturable: number;
  amount_received: number;
  created: number;
  currency: string;
  latest_charge: string | null;
  metadata: Record<string, string>;
}

export interface Charge extends Json {
  id: string;
  amount_refunded: number;
  disputed: boolean;
}

export interface Refund extends Json {
  id: string;
  amount: number;
  payment_intent: string;
}

export interface Dispute extends Json {
  id: string;
  payment_intent: string;
}

/** Ids look as Stripe's do, and are the same in every run. */
export function idOf(prefix: string, number: number): string {
  return `${prefix}_3${createHash("sha256").update(`${prefix}${number}`).digest("hex").slice(0, 23)}`;
}

export function paymentIntent(given: Partial<PaymentIntent> & { id: string }): PaymentIntent {
  const amount = given.amount ?? 1999;
  const status = given.status ?? "requires_capture";
  return {
    object: "payment_intent",
    amount,
    amount_capturable: status === "requires_capture" ? amount : 0,
    amount_details: { tip: {} },
    amount_received: status === "succeeded" ? amount : 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: { allow_redirects: "never", enabled: true },
    canceled_at: null,
    cancellation_reason: null,
    capture_method: "manual",
    client_secret: `${given.id}_secret_Nq5Zg3vTkR2yUxLw8aHf1cMbE`,
    confirmation_method: "automatic",
    created: 1_800_000_000,
    currency: "eur",
    customer: null,
    description: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    metadata: {},
    next_action: null,
    payment_method: null,
    payment_method_options: { card: { installments: null, network: null, request_three_d_secure: "automatic" } },
    payment_method_types: ["card"],
    processing: null,
    receipt_email: null,
    setup_future_usage: null,
    shipping: null,
    statement_descriptor: null,
    status,
    transfer_group: null,
    ...given,
  };
}

export function charge(given: Partial<Charge> & { id: string }, intent: PaymentIntent): Charge {
  return {
    object: "charge",
    amount: intent.amount,
    amount_captured: intent.amount_received,
    amount_refunded: 0,
    balance_transaction: null,
    captured: intent.amount_received > 0,
    created: intent.created,
    currency: intent.currency,
    disputed: false,
    failure_code: null,
    failure_message: null,
    livemode: false,
    metadata: intent.metadata,
    outcome: { network_status: "approved_by_network", reason: null, risk_level: "normal", type: "authorized" },
    paid: true,
    payment_intent: intent.id,
    refunded: false,
    status: "succeeded",
    ...given,
  };
}

export function refund(given: Partial<Refund> & { id: string; payment_intent: string }): Refund {
  return {
    object: "refund",
    amount: 1999,
    balance_transaction: "txn_3MmlLrLkdIwHu7ix0ttqkSKN",
    charge: null,
    created: 1_800_000_100,
    currency: "eur",
    destination_details: { card: { reference_status: "pending", type: "refund" }, type: "card" },
    metadata: {},
    reason: null,
    receipt_number: null,
    status: "succeeded",
    ...given,
  };
}

export function dispute(given: Partial<Dispute> & { id: string; payment_intent: string }): Dispute {
  return {
    object: "dispute",
    amount: 1999,
    balance_transactions: [
      { id: "txn_1", object: "balance_transaction", amount: -1999, fee: 1500, type: "adjustment" },
    ],
    charge: "ch_3MmlLrLkdIwHu7ix0XQ2hzG1",
    created: 1_800_000_200,
    currency: "eur",
    evidence: {},
    evidence_details: { due_by: 1_801_000_000, has_evidence: false, past_due: false, submission_count: 0 },
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    reason: "fraudulent",
    status: "needs_response",
    ...given,
  };
}

export function event(type: string, object: Json, id = "evt_1NG8Du2eZvKYlo2CUI79vXWy"): string {
  const request = { id: null, idempotency_key: null };
  const created = 1_800_000_000;
  const body = { id, object: "event", api_version: "2025-03-31.basil", created, data: { object }, livemode: false };
  return JSON.stringify({ ...body, pending_webhooks: 1, request, type });
}

/** `code` and `param` are left out where Stripe sends none. */
export function error(type: string, message: string, more: Json = {}): Json {
  const doc_url = more.code ? { doc_url: `https://docs.stripe.com/error-codes#${more.code}` } : {};
  return { error: { ...doc_url, message, request_log_url: "https://dashboard.stripe.com/logs/req_1", type, ...more } };
}
