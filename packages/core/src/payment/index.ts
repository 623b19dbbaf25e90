export * as Payment from "./index.ts";

import { declinedFor, withPrefix } from "@cartwright/events";
import type { Actor } from "../actor.ts";
import { NoActionError, NotFoundError } from "./error.ts";
import { attemptsOf, type Folded, refundKeyOf, serializeAttempt, statusOf, totalsOf } from "./ledger.ts";
import type { PaymentItem } from "./payment.entity.ts";
import type { Action } from "./provider.ts";
import { providerOf } from "./providers.ts";
import { amountOf, lookupOf } from "./rule.ts";
import type { Info } from "./schema.ts";
import { read } from "./store.ts";

export { authorize } from "./authorize.ts";
export { capture } from "./capture.ts";
export { type Reconciled, reconcileAll } from "./compare.ts";
export * from "./error.ts";
export { forget } from "./forget.ts";
export { refundKeyOf } from "./ledger.ts";
export { Action, ForgedWebhookError, ProviderName } from "./provider.ts";
export { reconcile, reconcileAndTell, review } from "./reconcile.ts";
export { issueRefund, refundReturn, requestRefund } from "./refund.ts";
export { tokens as sandboxTokens } from "./sandbox/behaviour.ts";
export {
  answerChallenge,
  challenge,
  sandboxTrouble,
  signatureHeader,
  work as workForSandbox,
} from "./sandbox/sandbox.ts";
export { Webhook as SandboxWebhook, Work as SandboxWork } from "./sandbox/work.ts";
export { Attempt, ID, Info, Refund, RequestRefund } from "./schema.ts";
export { sign as signWebhook } from "./signature.ts";
export { undo } from "./undo.ts";
export { receiveWebhook } from "./webhook.ts";

/** Another customer's payment is not found, so that ids can't be probed; staff see all. */
export async function fromID(id: string, reader: Actor): Promise<Info> {
  const payment = await read(withPrefix("ord", id));
  return serialize(visible(payment, id, reader), reader);
}

/**
 * How the customer confirms a payment that waits for them, as the provider says now. Throws `NoActionError` when there
 * is nothing to confirm, and `CircuitOpenError` while the provider is known not to answer.
 */
export async function actionFromID(id: string, reader: Actor): Promise<Action> {
  const payment = visible(await read(withPrefix("ord", id)), id, reader);
  const status = statusOf(payment.entries);
  const action =
    status === "action_required" ? await providerOf(payment.provider).action(lookupOf(payment)) : undefined;
  if (!action) throw new NoActionError(id, status);
  return action;
}

function visible(payment: PaymentItem | undefined, id: string, { userId, roles }: Actor): PaymentItem {
  const isOwn = payment?.customerId !== undefined && payment.customerId === userId;
  if (!payment || !(isOwn || roles.includes("staff"))) throw new NotFoundError(id);
  return payment;
}

/**
 * A customer sees what became of their money, and neither what staff noted nor the provider's words: banks do not want
 * somebody with a stolen card to learn that it is known to be one.
 */
function serialize(payment: PaymentItem, { roles }: Actor): Info {
  const { orderId, provider, entries, version } = payment;
  const totals = totalsOf(entries);
  const { currency } = amountOf(payment);
  const money = (amount: number) => ({ amount, currency });
  const isStaff = roles.includes("staff");
  const attempts = [...attemptsOf(entries).values()]
    .filter(({ kind }) => isStaff || kind !== "mismatch")
    .map((attempt, index) => serializeAttempt(isStaff ? attempt : forCustomer(attempt, index), payment.currency));
  const declined = entries.findLast(({ key, outcome }) => key === "authorize" && outcome === "failed");
  return {
    id: withPrefix("pay", orderId),
    orderId,
    provider,
    status: statusOf(entries),
    amount: amountOf(payment),
    authorized: money(totals.authorizedMinor),
    captured: money(totals.capturedMinor),
    refunded: money(totals.refundedMinor),
    pendingRefund: money(totals.pendingRefundMinor),
    chargedBack: money(totals.chargedBackMinor),
    // More may have gone back than came in; a person is told of that, and money is never negative.
    balance: money(Math.max(0, totals.balanceMinor)),
    attempts,
    ...(declined?.reason && { reason: isStaff ? declined.reason : declinedFor(declined.reason).reason }),
    version,
    createdAt: new Date(entries[0]!.atMs).toISOString(),
  };
}

function forCustomer({ note: _, reference: __, reason: ___, ...attempt }: Folded, index: number): Folded {
  const isOurs = !attempt.key.includes(":") || attempt.key.startsWith(refundKeyOf("rfd_"));
  return isOurs ? attempt : { ...attempt, key: `${attempt.kind}:${index}` };
}
