import { type Cause, deriveId, PaymentVoidRequested } from "@cartwright/events";
import { ContentionError } from "../error.ts";
import { fact } from "../outbox.ts";
import { asking } from "./ask.ts";
import { attemptsOf, isCaptured, statusOf, totalsOf } from "./ledger.ts";
import { observe, tooLate, voided } from "./observe.ts";
import type { PaymentItem } from "./payment.entity.ts";
import type { Charge } from "./provider.ts";
import { currentProvider, providerOf } from "./providers.ts";
import { issueRefund, requested } from "./refund.ts";
import { describe, lookupOf, outcomeOf, providerKey } from "./rule.ts";
import { bar, change, type Decision, read } from "./store.ts";

/** The customer may approve, or a capture come through, while the money is on its way back. */
const rounds = 5;

/**
 * Undoes a payment whatever has become of it: what is held is voided, what was captured is refunded in full. It is
 * decided in our ledger before the provider is asked, so an authorization that ends meanwhile finds that, and gives its
 * money back itself; one that arrives later is refused. Repeating it changes nothing. A refund may be under way when this
 * ends, or have failed: then an event tells a person. Throws `UnknownOutcomeError`, and `ContentionError` when the payment
 * does not come to rest.
 */
export async function undo(orderId: string, cause: Cause): Promise<void> {
  const payment = (await read(orderId)) ?? (await bar(orderId, currentProvider().name, cause));
  // The intent is written before the provider is asked: without one there is nothing to look for.
  if (outcomeOf(payment, "intent") !== undefined) await giveBack(payment, cause);
}

/**
 * As `undo`, of a payment for which the provider has something, whether or not we have asked for it. `reference` is the
 * provider's id of it, where the ledger does not know that.
 */
export async function giveBack(payment: PaymentItem, cause: Cause, reference?: string): Promise<void> {
  const { orderId } = payment;
  await change(orderId, cause, beginVoid);
  const provider = providerOf(payment.provider);
  const lookup = lookupOf(payment);
  for (let round = 0; round < rounds; round++) {
    const charge = await provider.find({ ...lookup, reference: lookup.reference ?? reference });
    const current = await change(orderId, cause, (item) => (charge ? observe(item, charge) : undefined));
    if (isCaptured(current.entries)) return refundAll(orderId, cause);
    if (!charge || charge.status === "declined" || charge.status === "voided") {
      await change(orderId, cause, (item) => (outcomeOf(item, "void") === "succeeded" ? undefined : ended(item)));
      return;
    }
    const answer = await askToVoid(current, charge, cause);
    await change(orderId, cause, (item) => observe(item, answer));
  }
  throw new ContentionError(`the payment of ${orderId}`);
}

/** From here on nothing authorizes or captures it. */
function beginVoid(payment: PaymentItem): Decision | undefined {
  if (!isOpen(payment)) return undefined;
  return {
    entries: [{ key: "void", outcome: "requested" }, ...(isCaptured(payment.entries) ? [tooLate] : [])],
    facts: [fact(PaymentVoidRequested, describe(payment))],
    review: true,
  };
}

/** Nothing is to be voided of a payment that was declined. */
function ended(payment: PaymentItem) {
  return statusOf(payment.entries) === "declined" ? undefined : voided(payment);
}

/** Of captured money too: should a bank return some later, it belongs to the customer. */
function isOpen(payment: PaymentItem): boolean {
  return outcomeOf(payment, "void") === undefined && statusOf(payment.entries) !== "declined";
}

function askToVoid(payment: PaymentItem, { reference }: Charge, cause: Cause): Promise<Charge> {
  const { orderId } = payment;
  const provider = providerOf(payment.provider);
  return asking(payment, "void", cause, {
    call: () => provider.void({ key: providerKey(orderId, "void"), orderId, reference }),
    find: async () => {
      const charge = await provider.find({ ...lookupOf(payment), reference });
      return charge && ["voided", "captured", "declined"].includes(charge.status) ? charge : undefined;
    },
  });
}

/** All that can still be refunded, at most once at a time. One that fails is for a person: an event tells them. */
async function refundAll(orderId: string, cause: Cause): Promise<void> {
  const payment = await change(orderId, cause, (current) => {
    const { refundableMinor } = totalsOf(current.entries);
    const earlier = undoingRefunds(current);
    if (refundableMinor === 0 || earlier.some(({ outcome }) => outcome === "failed")) return undefined;
    const refundId = deriveId("rfd", orderId, "undo", String(earlier.length));
    return requested(current, { refundId, amountMinor: refundableMinor, origin: "cancellation" });
  });
  for (const { key } of undoingRefunds(payment)) await issueRefund(orderId, key, cause);
}

function undoingRefunds({ entries }: PaymentItem) {
  return [...attemptsOf(entries).values()].filter(({ kind, origin }) => kind === "refund" && origin === "cancellation");
}
