/**
 * A payment's ledger: a list of entries that only grows, but for texts that are erased. What is paid and owed is derived
 * from it, and stored nowhere.
 */
import type { Attempt, Kind, Outcome, Status } from "./schema.ts";

/** One line of the ledger; an attempt has one for each outcome it went through. Amounts are in minor units. */
export interface Entry {
  /** Since 1970. */
  atMs: number;
  /** Names the attempt: its kind, and for kinds that come more than once, which. */
  key: string;
  outcome: Outcome;
  amountMinor?: number;
  origin?: string;
  /** What a member of staff typed. */
  note?: string;
  reference?: string;
  reason?: string;
  /** Hash of the request that made it, note and all: tells a repeated request from a reused key. */
  fingerprint?: string;
}

/** An attempt as its latest entry leaves it, with what earlier ones have told. */
export type Folded = Entry & { kind: Kind; requestedAtMs: number };

export interface Totals {
  authorizedMinor: number;
  capturedMinor: number;
  refundedMinor: number;
  pendingRefundMinor: number;
  chargedBackMinor: number;
  /** Captured − refunded − charged back. */
  balanceMinor: number;
  /** What may still be refunded: refunds under way are taken to succeed. */
  refundableMinor: number;
}

const refundPrefix = "refund:";

export function refundKeyOf(refundId: string): string {
  return `${refundPrefix}${refundId}`;
}

export function refundIdOf(key: string): string {
  return key.slice(refundPrefix.length);
}

export function kindOf(key: string): Kind {
  return key.split(":", 1)[0] as Kind;
}

/** The attempts by key, in the order in which they began. */
export function attemptsOf(entries: readonly Entry[]): Map<string, Folded> {
  const attempts = new Map<string, Folded>();
  for (const entry of entries) {
    const earlier = attempts.get(entry.key);
    attempts.set(entry.key, {
      ...earlier,
      ...entry,
      kind: kindOf(entry.key),
      requestedAtMs: earlier?.requestedAtMs ?? entry.atMs,
    });
  }
  return attempts;
}

export function totalsOf(entries: readonly Entry[]): Totals {
  const sum = (kind: Kind, ...outcomes: Outcome[]) =>
    [...attemptsOf(entries).values()]
      .filter((attempt) => attempt.kind === kind && outcomes.includes(attempt.outcome))
      .reduce((total, { amountMinor = 0 }) => total + amountMinor, 0);
  const capturedMinor = sum("capture", "succeeded");
  const refundedMinor = sum("refund", "succeeded");
  const pendingRefundMinor = sum("refund", "requested", "pending", "unknown");
  // The bank has the money from the day it asks for it until the day it decides against the customer.
  const chargedBackMinor = sum("chargeback", "pending", "succeeded");
  const balanceMinor = capturedMinor - refundedMinor - chargedBackMinor;
  return {
    authorizedMinor: sum("authorize", "succeeded"),
    capturedMinor,
    refundedMinor,
    pendingRefundMinor,
    chargedBackMinor,
    balanceMinor,
    refundableMinor: Math.max(0, balanceMinor - pendingRefundMinor),
  };
}

export function statusOf(entries: readonly Entry[]): Status {
  const attempts = attemptsOf(entries);
  const outcome = (key: Kind) => attempts.get(key)?.outcome;
  const { capturedMinor, refundedMinor } = totalsOf(entries);
  if (outcome("capture") === "succeeded") {
    if (refundedMinor === 0) return "captured";
    return refundedMinor < capturedMinor ? "partially_refunded" : "refunded";
  }
  // Once it is decided to give the money back, nothing else may become of the payment.
  if (outcome("void")) return outcome("void") === "succeeded" ? "voided" : "voiding";
  if (outcome("authorize") === "failed") return "declined";
  if (outcome("authorize") === "succeeded") return "authorized";
  return outcome("action") === "pending" ? "action_required" : "intent";
}

/** Judged by the capture itself: what was collected may be nothing. */
export function isCaptured(entries: readonly Entry[]): boolean {
  return entries.some(({ key, outcome }) => key === "capture" && outcome === "succeeded");
}

export function isSettled(outcome: Outcome): boolean {
  return outcome === "succeeded" || outcome === "failed";
}

/** As the API shows it. */
export function serializeAttempt(attempt: Folded, currency: string | undefined): Attempt {
  const { kind, key, outcome, amountMinor, origin, note, reference, reason, requestedAtMs, atMs } = attempt;
  return {
    kind,
    key,
    outcome,
    ...(amountMinor !== undefined && currency !== undefined && { amount: { amount: amountMinor, currency } }),
    ...(origin !== undefined && { origin }),
    ...(note !== undefined && { note }),
    ...(reference !== undefined && { reference }),
    ...(reason !== undefined && { reason }),
    requestedAt: new Date(requestedAtMs).toISOString(),
    ...(isSettled(outcome) && { settledAt: new Date(atMs).toISOString() }),
  };
}
