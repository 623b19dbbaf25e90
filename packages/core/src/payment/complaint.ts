/** What is wrong with a payment once all rules have been applied, so that a person has to look. */
import { inWords } from "../money.ts";
import { attemptsOf, type Entry, kindOf, statusOf, totalsOf } from "./ledger.ts";
import type { PaymentItem } from "./payment.entity.ts";
import type { Charge } from "./provider.ts";
import { adopted, amountOf, holdsMoney } from "./rule.ts";

export interface Complaint {
  code:
    | "outcome_unknown"
    | "unknown_to_provider"
    | "amount_differs"
    | "unexpected_money"
    | "charged_twice"
    | "refund_failed"
    | "disputed"
    | "not_mended";
  detail: string;
}

/** `charge` is what the provider says, after the ledger has taken it in. */
export function complaintsOf(payment: PaymentItem, charge: Charge | undefined): Complaint[] {
  return [
    ...complaintsAboutAmounts(payment),
    ...complaintsAboutBooks(payment, charge),
    ...complaintsAboutAttempts(payment, charge),
    ...complaintsAboutRefunds(payment),
    ...complaintsTold(payment),
  ];
}

function complaintsAboutAmounts(payment: PaymentItem): Complaint[] {
  const { entries, amountMinor = 0 } = payment;
  const { authorizedMinor, capturedMinor, balanceMinor } = totalsOf(entries);
  const told = (minor: number) => inWords({ ...amountOf(payment), amount: minor });
  const details: string[] = [];
  if (authorizedMinor > 0 && authorizedMinor !== amountMinor) {
    details.push(`the order costs ${told(amountMinor)}, the provider has authorized ${told(authorizedMinor)}`);
  }
  if (capturedMinor > 0 && capturedMinor !== amountMinor) {
    details.push(`the order costs ${told(amountMinor)}, and ${told(capturedMinor)} were captured`);
  }
  if (balanceMinor < 0) details.push(`${told(-balanceMinor)} more than was captured has gone back to the customer`);
  return details.map((detail) => ({ code: "amount_differs", detail }));
}

function complaintsAboutBooks(payment: PaymentItem, charge: Charge | undefined): Complaint[] {
  const { entries } = payment;
  const status = statusOf(entries);
  const { capturedMinor } = totalsOf(entries);
  if (!charge) {
    const held = status === "authorized" || capturedMinor > 0;
    const detail = `the ledger says ${status}, and the provider knows nothing of it`;
    return held ? [{ code: "unknown_to_provider", detail }] : [];
  }
  const complaints: Complaint[] = [];
  if (charge.capturedMinor !== capturedMinor) {
    const [ours, theirs] = [capturedMinor, charge.capturedMinor].map((amount) => ({ ...amountOf(payment), amount }));
    const detail = `we have captured ${inWords(ours!)}, the provider ${inWords(theirs!)}`;
    complaints.push({ code: "amount_differs", detail });
  }
  if (entries[0]?.origin === adopted) {
    const detail =
      "the provider had collected money for a payment that our ledger had lost: it is taken in, not given back";
    complaints.push({ code: "unexpected_money", detail });
  }
  if ((status === "voided" || status === "declined") && holdsMoney(charge)) {
    const detail = `the ledger says ${status}, and the provider ${charge.status}`;
    complaints.push({ code: "unexpected_money", detail });
  }
  return complaints;
}

function complaintsAboutAttempts(payment: PaymentItem, charge: Charge | undefined): Complaint[] {
  const { entries } = payment;
  const isOver = ["voided", "declined"].includes(statusOf(entries));
  return [...attemptsOf(entries).values()].flatMap(({ key, kind, outcome, amountMinor = 0, reason }): Complaint[] => {
    // What the provider says of the charge answers for all steps but refunds, which it lists one by one.
    if (outcome === "unknown" && (kind === "refund" || !(charge || isOver))) {
      const detail = `the provider gave no answer to ${key}, nor does it know of it`;
      return [{ code: "outcome_unknown", detail }];
    }
    if (kind !== "chargeback" || outcome !== "pending") return [];
    const taken = inWords({ ...amountOf(payment), amount: amountMinor });
    const detail = `the bank has taken ${taken} back (${reason ?? "no reason given"}): answer it at the provider`;
    return [{ code: "disputed", detail }];
  });
}

function complaintsAboutRefunds(payment: PaymentItem): Complaint[] {
  const { entries } = payment;
  const owedMinor = Math.min(owedOf(entries), totalsOf(entries).refundableMinor);
  if (owedMinor === 0) return [];
  const failed = entries.findLast(({ key, outcome }) => kindOf(key) === "refund" && outcome === "failed");
  const owed = inWords({ ...amountOf(payment), amount: owedMinor });
  const detail = `${owed} were not paid back (${failed?.reason ?? "no reason given"})`;
  return [{ code: "refund_failed", detail }];
}

/** What only a list of the provider shows. */
function complaintsTold({ entries }: PaymentItem): Complaint[] {
  const told = entries.findLast(({ key }) => key === "mismatch:charged_twice");
  return told ? [{ code: "charged_twice", detail: told.reason ?? "" }] : [];
}

/**
 * What of failed refunds was not made good by later ones, in minor units. It goes by the order of the ledger: the clocks
 * of those who wrote it may differ.
 */
export function owedOf(entries: readonly Entry[]): number {
  const attempts = attemptsOf(entries);
  const begun = new Set<string>();
  let owedMinor = 0;
  for (const { key, outcome } of entries) {
    if (kindOf(key) !== "refund") continue;
    const { amountMinor = 0 } = attempts.get(key)!;
    // One that fails in its turn owes what it was to make good, and not that twice.
    if (!begun.has(key)) owedMinor = Math.max(0, owedMinor - amountMinor);
    if (outcome === "failed") owedMinor += amountMinor;
    begun.add(key);
  }
  return owedMinor;
}
