/** One payment against the provider's books: what differs is mended, or told to a person. */
import { type Cause, PaymentMismatched } from "@cartwright/events";
import { ContentionError, isUnavailable, NeedsOperatorError, UnavailableError, UnknownOutcomeError } from "../error.ts";
import { fact } from "../outbox.ts";
import { type Complaint, complaintsOf } from "./complaint.ts";
import { attemptsOf, statusOf, totalsOf } from "./ledger.ts";
import { measureMismatches } from "./measure.ts";
import { observe } from "./observe.ts";
import type { PaymentItem } from "./payment.entity.ts";
import type { Charge, ProviderName } from "./provider.ts";
import { currentProvider, providerOf } from "./providers.ts";
import { issueRefund } from "./refund.ts";
import { adopted, describe, holdsMoney, lookupOf, outcomeOf, providerKey } from "./rule.ts";
import { bar, change, create, postpone, read } from "./store.ts";
import { giveBack } from "./undo.ts";

/**
 * Brings one payment and the provider together: takes in what the provider says, gives back money that belongs to no
 * live payment, asks again for refunds that never arrived. Answers what no rule mends. Webhooks and schedules both end
 * here, so it doesn't matter which of them come, how often, or in which order.
 */
export async function reconcile(orderId: string, cause: Cause, reference?: string): Promise<Complaint[]> {
  const looked = await lookAt(orderId, cause, reference);
  const { payment, charge } = looked;
  if (!payment) return [];
  const refused: Complaint[] = [];
  let acted = false;
  const attempt = (what: string, act: Promise<unknown>) => {
    acted = true;
    return act.catch((error) => {
      if (isUnavailable(error)) throw error;
      refused.push({ code: "not_mended", detail: `${what}: ${error}` });
    });
  };
  const isStray = isUndone(payment) && charge !== undefined && holdsMoney(charge);
  if (isStray || statusOf(payment.entries) === "voiding")
    await attempt("undo", giveBack(payment, cause, charge?.reference));
  // An undo issues its own refunds alone.
  for (const { key, kind, outcome } of attemptsOf(payment.entries).values()) {
    const isOpen = outcome === "requested" || outcome === "unknown";
    if (kind === "refund" && isOpen) await attempt(key, issueRefund(orderId, key, cause));
  }
  const now = acted ? await lookAt(orderId, cause) : looked;
  return [...(await complaintsAbout(now)), ...refused];
}

/**
 * As `reconcile`; what stays wrong is told to a person by an event, once for each thing that is found. What keeps just
 * this payment from being looked at holds nobody else up: one whose outcome nobody knows, or that others are changing, is
 * looked at again in a while, and a fault that trying again won't mend is one of the things that are told. `reference` is
 * the provider's id of the charge, where it is known from the provider alone.
 */
export async function reconcileAndTell(orderId: string, cause: Cause, reference?: string): Promise<Complaint[]> {
  const complaints = await lookIntoAndTell(orderId, cause, reference);
  if (complaints.some(isMismatch)) measureMismatches([orderId]);
  return complaints;
}

/** For whoever counts mismatches itself. */
export async function lookIntoAndTell(orderId: string, cause: Cause, reference?: string): Promise<Complaint[]> {
  const complaints = await reconcile(orderId, cause, reference).catch(async (error): Promise<Complaint[]> => {
    const isOwn = error instanceof UnknownOutcomeError || error instanceof ContentionError;
    if (isUnavailable(error) && !isOwn) throw error;
    const payment = await read(orderId);
    if (isOwn && payment) await postpone(payment);
    return [{ code: isOwn ? "outcome_unknown" : "not_mended", detail: `it could not be looked at: ${error}` }];
  });
  await tell(orderId, complaints, cause);
  return complaints;
}

/** As `reconcile`, for a subscriber that hands to a person what stays wrong: throws `NeedsOperatorError` then. */
export async function review(orderId: string, cause: Cause): Promise<void> {
  const complaints = await reconcile(orderId, cause);
  if (complaints.length > 0) throw new NeedsOperatorError(`the payment of ${orderId}`, complaints);
}

/** These have events of their own, at the moment when they happen. */
const toldBefore: Complaint["code"][] = ["refund_failed", "disputed", "outcome_unknown"];

/** Whether our books and the provider's differ, and no event of its own has told why. */
export function isMismatch({ code }: Complaint): boolean {
  return !toldBefore.includes(code);
}

/** Once for each thing that is found. Where there is no payment there is nobody to tell it of. */
export async function tell(orderId: string, complaints: Complaint[], cause: Cause): Promise<void> {
  if (complaints.length === 0 || !(await read(orderId))) return;
  for (const { code, detail } of complaints.filter(isMismatch)) {
    await change(orderId, cause, (payment) => {
      const key = `mismatch:${code}`;
      const known = payment.entries.some((entry) => entry.key === key && entry.reason === detail);
      if (known) return undefined;
      return {
        entries: [{ key, outcome: "failed", reason: detail }],
        facts: [fact(PaymentMismatched, { ...describe(payment), code, detail })],
      };
    });
  }
}

interface Looked {
  payment: PaymentItem | undefined;
  charge: Charge | undefined;
}

async function lookAt(orderId: string, cause: Cause, reference?: string): Promise<Looked> {
  const known = await read(orderId);
  const provider = known ? providerOf(known.provider) : currentProvider();
  const lookup = known ? lookupOf(known) : { key: providerKey(orderId, "authorize"), orderId };
  const charge = await provider.find({ ...lookup, reference: lookup.reference ?? reference });
  if (!charge && reference) throw new UnavailableError(`${provider.name} lists ${reference}, and can't find it`);
  if (!known && !charge) return { payment: undefined, charge };
  const payment = known ?? (await adopt(orderId, provider.name, charge!, cause));
  if (!charge) return { payment, charge };
  return { payment: await change(orderId, cause, (current) => observe(current, charge)), charge };
}

/**
 * A charge that our ledger knows nothing of, though it is written before the provider is asked: the ledger was lost. What
 * is only held goes back; what was collected may be for goods that are on their way, so a person decides.
 */
async function adopt(orderId: string, provider: ProviderName, charge: Charge, cause: Cause): Promise<PaymentItem> {
  if (charge.status !== "captured") return bar(orderId, provider, cause);
  const { amount: amountMinor, currency } = charge.amount;
  const intent = { key: "intent", outcome: "succeeded", amountMinor, origin: adopted } as const;
  return (await create({ orderId, amountMinor, currency }, provider, intent)).payment;
}

/** After all rules; a refund under way is looked at again later. */
async function complaintsAbout({ payment, charge }: Looked): Promise<Complaint[]> {
  if (!payment) return [];
  if (totalsOf(payment.entries).pendingRefundMinor > 0) await postpone(payment);
  return complaintsOf(payment, charge);
}

/** Its checkout was undone, or never succeeded: whatever the provider holds of it belongs to the customer. */
function isUndone(payment: PaymentItem): boolean {
  return outcomeOf(payment, "void") !== undefined || outcomeOf(payment, "authorize") === "failed";
}
