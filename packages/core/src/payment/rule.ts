/** What is known of a payment, and what is added to its ledger: no I/O, no clock. */
import { type Money, PaymentOutcomeUnknown, withPrefix } from "@cartwright/events";
import { type Fact, fact } from "../outbox.ts";
import { attemptsOf, type Entry, isSettled, kindOf } from "./ledger.ts";
import type { PaymentItem } from "./payment.entity.ts";
import type { Charge, Lookup } from "./provider.ts";

/** What is added to the ledger, and the events that tell of it. */
export interface Addition {
  entries: Omit<Entry, "atMs">[];
  facts: Fact[];
  /** What a payment that was voided before it began learns from the provider, or that its texts are erased. */
  set?: Pick<PaymentItem, "amountMinor" | "currency" | "erased">;
}

/** The origin of a payment that was found at the provider alone. */
export const adopted = "provider";

/** The key under which a provider knows a step of ours. */
export function providerKey(orderId: string, key: string): string {
  return `${orderId}:${key}`;
}

/** Nobody can say whether the provider has done it. Told once, however often it is asked in vain. */
export function outcomeUnknown(payment: PaymentItem, key: string): Addition | undefined {
  const known = outcomeOf(payment, key);
  if (known === "unknown" || (known && isSettled(known))) return undefined;
  return {
    entries: [{ key, outcome: "unknown" }],
    facts: [fact(PaymentOutcomeUnknown, { ...describe(payment), step: kindOf(key) })],
  };
}

/** Whether the customer's money is at the provider, or may yet come there. */
export function holdsMoney({ status, capturedMinor, refunds }: Charge): boolean {
  if (status === "authorized" || status === "action_required" || status === "processing") return true;
  const given = refunds.filter((refund) => refund.status !== "failed").reduce((sum, one) => sum + one.amountMinor, 0);
  return capturedMinor > given;
}

export function outcomeOf(payment: PaymentItem, key: string) {
  return attemptsOf(payment.entries).get(key)?.outcome;
}

/** The provider's id of the charge, as soon as any of its answers has told. */
export function referenceOf(payment: PaymentItem): string | undefined {
  const keys = ["authorize", "action", "capture", "void"];
  return payment.entries.find(({ key, reference }) => reference && keys.includes(key))?.reference;
}

/** How the provider finds the charge. */
export function lookupOf(payment: PaymentItem): Lookup {
  const { orderId } = payment;
  return { key: providerKey(orderId, "authorize"), orderId, reference: referenceOf(payment) };
}

export function amountOf({ amountMinor, currency }: PaymentItem): Money {
  return { amount: amountMinor ?? 0, currency: currency ?? "XXX" };
}

/** What each event about a payment names. */
export function describe(payment: PaymentItem) {
  const { orderId } = payment;
  return { paymentId: withPrefix("pay", orderId), orderId, amount: amountOf(payment) };
}
