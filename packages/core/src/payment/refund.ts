import {
  type Cause,
  deriveId,
  type Money,
  PaymentRefunded,
  PaymentRefundRequested,
  withPrefix,
} from "@cartwright/events";
import { now } from "../clock.ts";
import { DomainError, InvalidError, KeyReusedError } from "../error.ts";
import { fingerprintOf, isSameRequest } from "../fingerprint.ts";
import { fact } from "../outbox.ts";
import { asking } from "./ask.ts";
import { NothingToRefundError, RefundTooLargeError, RefundUnderWayError, TooManyRefundsError } from "./error.ts";
import { attemptsOf, type Entry, isSettled, refundIdOf, refundKeyOf, totalsOf } from "./ledger.ts";
import { observeRefund } from "./observe.ts";
import type { PaymentItem } from "./payment.entity.ts";
import type { Refund as ProviderRefund } from "./provider.ts";
import { assertReachable, providerOf } from "./providers.ts";
import { amountOf, describe, lookupOf, outcomeOf, providerKey, referenceOf } from "./rule.ts";
import type { Outcome, Refund, RequestRefund } from "./schema.ts";
import { change, type Decision, existing } from "./store.ts";

/** The ledger of a payment is one item, and an item has an end. */
const maximumRefunds = 100;

/**
 * Decides a refund and sets its amount aside; the provider is asked for it by `issueRefund`. Refunds under way count as
 * refunded, so that any number of them at once never exceed what was captured. The same key and input is the same
 * refund; of one whose text is erased, the same key and amount. Throws `NotFoundError`, `InvalidError` for another
 * currency, `RefundTooLargeError`, `NothingToRefundError`, `TooManyRefundsError`, `KeyReusedError`, and `CircuitOpenError`
 * while the provider is known not to answer.
 */
export async function requestRefund(
  id: string,
  input: RequestRefund,
  by: { actorId: string; idempotencyKey: string },
  cause: Cause,
): Promise<{ refund: Refund; replayed: boolean }> {
  const orderId = withPrefix("ord", id);
  const refundId = deriveId("rfd", orderId, by.actorId, by.idempotencyKey);
  const payment = await existing(orderId);
  const key = refundKeyOf(refundId);
  if (attemptsOf(payment.entries).has(key)) return { refund: replay(payment, key, input), replayed: true };
  await assertReachable(payment.provider);
  let replayed = false;
  const changed = await change(orderId, cause, (current) => {
    replayed = attemptsOf(current.entries).has(key);
    if (replayed) return undefined;
    const amountMinor = affordable(current, input.amount);
    const note = { note: input.reason, fingerprint: fingerprintOf(input) };
    return requested(current, { refundId, amountMinor, origin: "staff", ...note });
  });
  return { refund: replay(changed, key, input), replayed };
}

/**
 * Refunds what came back, once per return, as far as that money has not been refunded yet. Throws `RefundUnderWayError`
 * while that depends on what becomes of other refunds.
 */
export async function refundReturn(
  orderId: string,
  { returnId, amount }: { returnId: string; amount: Money },
  cause: Cause,
): Promise<void> {
  const refundId = deriveId("rfd", orderId, returnId);
  await change(orderId, cause, (payment) => {
    if (attemptsOf(payment.entries).has(refundKeyOf(refundId))) return undefined;
    const { refundableMinor, pendingRefundMinor } = totalsOf(payment.entries);
    const amountMinor = Math.min(amount.amount, refundableMinor);
    // Should one of those fail, or a bank decide for us, there is more to refund.
    const isOpen = pendingRefundMinor > 0 || isBeingDisputed(payment);
    if (amountMinor < amount.amount && isOpen) throw new RefundUnderWayError(orderId);
    if (amountMinor === 0) return nothingLeft(payment, refundId);
    providerOf(payment.provider).assertPayable({ ...amount, amount: amountMinor });
    return requested(payment, { refundId, amountMinor, origin: "return" });
  });
}

function isBeingDisputed({ entries }: PaymentItem): boolean {
  return [...attemptsOf(entries).values()].some(({ kind, outcome }) => kind === "chargeback" && outcome === "pending");
}

/** It is decided that nothing is refunded, since all of it was before: to decide again later would pay twice. */
function nothingLeft(payment: PaymentItem, refundId: string): Decision {
  const amount = { ...amountOf(payment), amount: 0 };
  return {
    entries: [{ key: refundKeyOf(refundId), outcome: "succeeded", amountMinor: 0, origin: "return" }],
    facts: [fact(PaymentRefunded, { ...describe(payment), refundId, amount })],
  };
}

/** What is added to the ledger when a refund is decided, before the provider is asked. */
export function requested(
  payment: PaymentItem,
  {
    refundId,
    amountMinor,
    origin,
    ...more
  }: { refundId: string; amountMinor: number; origin: string } & Pick<Entry, "note" | "fingerprint">,
): Decision {
  const amount = { ...amountOf(payment), amount: amountMinor };
  return {
    entries: [{ key: refundKeyOf(refundId), outcome: "requested", amountMinor, origin, ...more }],
    facts: [fact(PaymentRefundRequested, { ...describe(payment), refundId, amount, origin })],
    review: true,
  };
}

/**
 * Asks the provider for a refund that was decided; one that it has taken on already is left alone. Answers how it
 * stands, or `undefined` for a refund that nobody has decided. Throws `UnknownOutcomeError`, and what `asking` throws.
 */
export async function issueRefund(orderId: string, key: string, cause: Cause): Promise<Outcome | undefined> {
  const payment = await existing(orderId);
  const attempt = attemptsOf(payment.entries).get(key);
  const reference = referenceOf(payment);
  if (!attempt || !reference || isSettled(attempt.outcome) || attempt.outcome === "pending") return attempt?.outcome;
  const provider = providerOf(payment.provider);
  const ours = providerKey(orderId, key);
  const amount = { ...amountOf(payment), amount: attempt.amountMinor ?? 0 };
  const call = () => provider.refund({ key: ours, orderId, reference, amount });
  const find = async () => (await provider.find(lookupOf(payment)))?.refunds.find((refund) => refund.key === ours);
  // A provider forgets keys after a day or so: what may have been asked before is looked up first.
  const isOld = now().getTime() - attempt.requestedAtMs > mayBeForgottenAfterMs;
  const known = attempt.outcome === "unknown" || isOld ? await find() : undefined;
  const refund = known ?? (await asking(payment, key, cause, { call, find }).catch(asFailed(ours, reference, amount)));
  return outcomeOf(await change(orderId, cause, (current) => observeRefund(current, { ...refund, key: ours })), key);
}

const mayBeForgottenAfterMs = 60 * 60 * 1000;

/** A request that the provider takes for wrong will never be right: its amount is free again, and a person is told. */
function asFailed(key: string, reference: string, { amount: amountMinor }: Money) {
  return (error: unknown): ProviderRefund => {
    if (!(error instanceof DomainError) || error.kind === "unavailable") throw error;
    const { reason = error.code } = error as { reason?: string };
    return { key, reference, status: "failed", amountMinor, reason };
  };
}

function affordable(payment: PaymentItem, amount: Money | undefined): number {
  const id = withPrefix("pay", payment.orderId);
  const { refundableMinor } = totalsOf(payment.entries);
  const { currency } = amountOf(payment);
  const refunds = [...attemptsOf(payment.entries).values()].filter(({ kind }) => kind === "refund");
  if (refunds.length >= maximumRefunds) throw new TooManyRefundsError(id, maximumRefunds);
  if (amount && amount.currency !== currency) {
    const message = `the payment is in ${currency}`;
    throw new InvalidError("wrong_currency", message, [{ path: "amount.currency", code: "wrong_currency", message }]);
  }
  if (refundableMinor === 0) throw new NothingToRefundError(id);
  if (amount && amount.amount > refundableMinor) {
    throw new RefundTooLargeError(amount, { amount: refundableMinor, currency });
  }
  const amountMinor = amount?.amount ?? refundableMinor;
  providerOf(payment.provider).assertPayable({ amount: amountMinor, currency });
  return amountMinor;
}

/** The refund as it was when it was decided, whatever has happened to it since. */
function replay(payment: PaymentItem, key: string, input: RequestRefund): Refund {
  const { atMs, note: reason, amountMinor = 0, fingerprint } = payment.entries.find((one) => one.key === key)!;
  const amount = { ...amountOf(payment), amount: amountMinor };
  if (!isSameRequest(fingerprint, fingerprintOf(input)) || !isOf(amount, input)) throw new KeyReusedError();
  const paymentId = withPrefix("pay", payment.orderId);
  return {
    id: refundIdOf(key),
    paymentId,
    status: "pending",
    amount,
    ...(reason && { reason }),
    requestedAt: new Date(atMs).toISOString(),
  };
}

/** What can still be told of a request whose fingerprint is erased. That of all that was left names no amount. */
function isOf({ amount, currency }: Money, { amount: asked }: RequestRefund): boolean {
  return !asked || (asked.amount === amount && asked.currency === currency);
}
