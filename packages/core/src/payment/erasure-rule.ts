/** What becomes of the ledger of a customer who is to be forgotten, decided from its state alone: no I/O, no clock. */
import { PaymentAnonymized, withPrefix } from "@cartwright/events";
import { erasedFingerprint } from "../fingerprint.ts";
import { fact } from "../outbox.ts";
import type { Entry } from "./ledger.ts";
import type { PaymentItem } from "./payment.entity.ts";
import type { Addition } from "./rule.ts";

/** Notes are all that people type; what else has words has the provider's, or ours. */
export function hasText({ entries }: Pick<PaymentItem, "entries">): boolean {
  return entries.some(({ note }) => note !== undefined);
}

/** Erases what people typed of a payment, once. What has no text has nothing to tell. */
export function erase(payment: PaymentItem): Addition | undefined {
  if (payment.erased || !hasText(payment)) return undefined;
  const { orderId } = payment;
  const told = { paymentId: withPrefix("pay", orderId), orderId };
  return { entries: [], facts: [fact(PaymentAnonymized, told)], set: { erased: true } };
}

/** What any change of a ledger comes to: of one that is erased, neither old nor new entries have texts. */
export function heedErasure(payment: PaymentItem, { set }: Addition, added: Entry[]): Entry[] {
  const entries = [...payment.entries, ...added];
  return payment.erased || set?.erased ? entries.map(withoutText) : entries;
}

function withoutText({ note: _, fingerprint, ...kept }: Entry): Entry {
  return { ...kept, ...(fingerprint !== undefined && { fingerprint: erasedFingerprint }) };
}
