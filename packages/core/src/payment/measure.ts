/** What becomes of payments, in numbers. */
import { measure } from "../metric.ts";
import { type Entry, kindOf } from "./ledger.ts";
import type { PaymentItem } from "./payment.entity.ts";
import type { Kind, Outcome } from "./schema.ts";

/** Entries of the ledger that are the outcome of a step, in words; what is only under way is none. */
const outcomes: Partial<Record<Kind, Partial<Record<Outcome, string>>>> = {
  authorize: { succeeded: "authorized", failed: "declined", unknown: "unknown" },
  action: { pending: "action_required" },
  capture: { succeeded: "captured", failed: "capture_refused", unknown: "unknown" },
  void: { succeeded: "voided", unknown: "unknown" },
  refund: { succeeded: "refunded", failed: "refund_failed", unknown: "unknown" },
  chargeback: { pending: "charged_back", succeeded: "chargeback_lost", failed: "chargeback_won" },
};

/** Once entries are written: each of them is written once, however often a provider tells of it. */
export function measureEntries({ orderId, provider }: PaymentItem, added: readonly Entry[]): void {
  for (const { key, outcome } of added) {
    const told = outcomes[kindOf(key)]?.[outcome];
    if (!told) continue;
    const dimensions = { provider, outcome: told };
    measure({ name: "PaymentOutcome", value: 1, unit: "Count", dimensions, about: { orderId } });
  }
}

/** How many payments a reconciliation has found that no rule mends; that there was none is told as well. */
export function measureMismatches(orderIds: readonly string[]): void {
  const about = orderIds.length > 0 ? { about: { orderIds: orderIds.slice(0, 10).join(" ") } } : {};
  measure({ name: "LedgerMismatch", value: orderIds.length, unit: "Count", dimensions: {}, ...about });
}
