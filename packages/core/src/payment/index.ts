export * as Payment from "./index.ts";

import {
  type Cause,
  type Checkout,
  declinedFor,
  idSchema,
  Money,
  PaymentActionCompleted,
  PaymentActionRequired,
  PaymentAuthorized,
  PaymentCaptured,
  PaymentDeclined,
  PaymentVoided,
  withPrefix,
} from "@cartwright/events";
import { Resource } from "sst";
import * as z from "zod";
import { isConditionFailure, reaching } from "../aws-fault.ts";
import { type Change, change as changeItem } from "../change.ts";
import { now } from "../clock.ts";
import { ContentionError, DomainError, UnavailableError } from "../error.ts";
import { type Fact, fact, record } from "../outbox.ts";
import { unseal } from "../seal.ts";
import { type PaymentItem, payments } from "./payment.entity.ts";
import { type Authorization, CaptureRefusedError, type Provider, UnknownOutcomeError } from "./provider.ts";
import { completeAction, sandbox } from "./sandbox.ts";

export { CaptureRefusedError } from "./provider.ts";
export { ForgedWebhookError, parseWebhook, signWebhook } from "./sandbox.ts";

export const ID = idSchema("pay");

export const Info = z.object({
  id: ID,
  orderId: idSchema("ord"),
  status: z.enum(["intent", "action_required", "authorized", "declined", "captured", "voided"]),
  amount: Money,
  reason: z.string().optional(),
  version: z.int(),
  createdAt: z.iso.datetime(),
});
export type Info = z.infer<typeof Info>;

export class NotFoundError extends DomainError {
  override name = "PaymentNotFoundError";
  constructor(id: string) {
    super("not_found", "payment_not_found", `there is no payment ${id}`);
  }
}

export class DeclinedError extends DomainError {
  override name = "PaymentDeclinedError";
  constructor(orderId: string, reason: string) {
    super("conflict", "payment_declined", `the payment of ${orderId} was declined: ${reason}`);
  }
}

export class InsufficientFundsError extends DomainError {
  override name = "InsufficientFundsError";
  constructor(orderId: string) {
    super("conflict", "insufficient_funds", `the payment of ${orderId} was declined: insufficient funds`);
  }
}

export class VoidedError extends DomainError {
  override name = "PaymentVoidedError";
  constructor(orderId: string) {
    super("conflict", "payment_voided", `the payment of ${orderId} was voided: its checkout has been undone`);
  }
}

export class CapturedError extends DomainError {
  override name = "PaymentCapturedError";
  constructor(orderId: string) {
    super("conflict", "payment_captured", `the payment of ${orderId} was captured: it can be refunded, not voided`);
  }
}

export class NotAuthorizedError extends DomainError {
  override name = "PaymentNotAuthorizedError";
  constructor(orderId: string, status: string) {
    super(
      "conflict",
      "payment_not_authorized",
      `the payment of ${orderId} is ${status}: only an authorized one is captured`,
    );
  }
}

/**
 * Holds the order's total on the customer's means of payment. The intent is written before the provider is asked, and
 * the provider is asked under a key of the order, so this can be repeated from any point. `action_required` means
 * that the customer has to act first. Throws `DeclinedError`, `InsufficientFundsError`, or `VoidedError` after its undo.
 */
export async function authorize(checkout: Checkout, cause: Cause): Promise<"authorized" | "action_required"> {
  const { orderId } = checkout;
  const payment = await intend(checkout);
  const known = outcomeOf(payment);
  if (known === "authorized") return known;
  const token = await unseal(checkout.sealedToken, orderId, Resource.PaymentTokenKey.value);
  const request = { key: authorizeKey(orderId), orderId, amount: checkout.total, token };
  const authorization = await settled(sandbox, request.key, () => sandbox.authorize(request));
  const recorded = await recordAuthorization(orderId, authorization, cause);
  if (recorded.status === "voided") await giveBack(orderId);
  const outcome = outcomeOf(recorded);
  if (!outcome) throw new UnavailableError(`the payment of ${orderId} has no outcome yet`);
  return outcome;
}

/** Collects what was authorized, once. Throws `CaptureRefusedError` when the provider refuses for good. */
export async function capture(orderId: string, cause: Cause): Promise<void> {
  const payment = await existing(orderId);
  if (payment.status === "captured") return;
  if (payment.status !== "authorized" || !payment.reference) throw new NotAuthorizedError(orderId, payment.status);
  const { reference } = payment;
  const amount = amountOf(payment);
  const answer = await settled(sandbox, authorizeKey(orderId), () =>
    sandbox.capture({ key: captureKey(orderId), reference, amount }),
  );
  if (answer.status === "voided") throw new CaptureRefusedError(orderId, "the authorization was voided");
  if (answer.status !== "captured") throw new UnavailableError(`the payment of ${orderId} is not captured yet`);
  await change(orderId, cause, (current) =>
    current.status === "authorized"
      ? { set: { status: "captured" }, facts: [fact(PaymentCaptured, describe(current))] }
      : undefined,
  );
}

/**
 * Undoes `authorize`: gives back what is held, and keeps an `authorize` that arrives later from holding it again. The
 * payment is voided in our books before the provider is asked, so an authorization that ends meanwhile finds that and
 * gives its money back itself. Repeating it changes nothing. Throws `CapturedError`: captured money must be refunded.
 */
export async function voidPayment(orderId: string, cause: Cause): Promise<void> {
  const payment = await read(orderId);
  if (!payment) return bar(orderId, cause);
  const held = await sandbox.find(authorizeKey(orderId));
  if (held?.status === "captured") throw new CapturedError(orderId);
  await change(orderId, cause, (current) => {
    if (current.status === "captured") throw new CapturedError(orderId);
    if (current.status === "voided" || current.status === "declined") return undefined;
    return { set: { status: "voided" }, facts: [fact(PaymentVoided, describe(current))] };
  });
  await giveBack(orderId);
}

/** Takes in what the customer did about an authorization that needed them; a repeated notification changes nothing. */
export async function completeActionRequired(orderId: string, approved: boolean, cause: Cause): Promise<void> {
  await existing(orderId);
  const outcome = await completeAction(authorizeKey(orderId), approved);
  await change(orderId, cause, (payment) => {
    if (payment.status !== "action_required") return undefined;
    const completed = fact(PaymentActionCompleted, { ...describe(payment), approved });
    if (outcome.status === "declined") return declined(payment, outcome.reason ?? "refused", [completed]);
    return { set: { status: "authorized" }, facts: [fact(PaymentAuthorized, describe(payment)), completed] };
  });
}

/**
 * Gives back money that the provider holds for payments that are over: the trace of a run that died between the
 * provider's answer and our write. Looks only at authorizations older than a checkout can live.
 */
export async function giveBackStrays(before: Date): Promise<{ voided: string[] }> {
  const voided: string[] = [];
  const failures: unknown[] = [];
  for (const orderId of await sandbox.listHeld(before)) {
    const payment = await read(orderId);
    if (payment && payment.status !== "voided" && payment.status !== "declined") continue;
    await giveBack(orderId).then(
      () => voided.push(orderId),
      (error) => failures.push(error),
    );
  }
  if (failures.length > 0) {
    throw new AggregateError(failures, `${failures.length} stray authorizations could not be given back`);
  }
  return { voided };
}

/** Another customer's payment is not found, so that ids can't be probed. */
export async function fromID(id: string, customerId: string): Promise<Info> {
  const payment = await read(withPrefix("ord", id));
  if (!payment?.customerId || payment.customerId !== customerId) throw new NotFoundError(id);
  return serialize(payment);
}

type PaymentChange = Change<Partial<Pick<PaymentItem, "status" | "reference" | "reason">>>;

const authorizeKey = (orderId: string) => `${orderId}:authorize`;
const captureKey = (orderId: string) => `${orderId}:capture`;
const voidKey = (orderId: string) => `${orderId}:void`;

/** A lost answer is looked up; if the provider knows nothing of it, the same key is tried once more. */
async function settled(
  provider: Provider,
  findKey: string,
  call: () => Promise<Authorization>,
): Promise<Authorization> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof UnknownOutcomeError)) throw error;
    const found = await provider.find(findKey);
    return found ?? (await call());
  }
}

/** What a finished payment means for a checkout; `undefined` while the provider still has to be asked. */
function outcomeOf(payment: PaymentItem): "authorized" | "action_required" | undefined {
  const { orderId, status, reason } = payment;
  if (status === "voided") throw new VoidedError(orderId);
  if (status === "declined") {
    throw reason === "insufficient_funds"
      ? new InsufficientFundsError(orderId)
      : new DeclinedError(orderId, reason ?? "");
  }
  if (status === "authorized" || status === "captured") return "authorized";
  return status === "action_required" ? status : undefined;
}

async function intend(checkout: Checkout): Promise<PaymentItem> {
  const { orderId, customerId, total } = checkout;
  const payment: PaymentItem = {
    orderId,
    customerId,
    status: "intent",
    amountMinor: total.amount,
    currency: total.currency,
    provider: sandbox.name,
    createdAt: now().toISOString(),
    version: 1,
  };
  try {
    await reaching("payments", payments().create(payment).go());
    return payment;
  } catch (error) {
    if (!isConditionFailure(error)) throw error;
    return existing(orderId);
  }
}

async function recordAuthorization(orderId: string, answer: Authorization, cause: Cause): Promise<PaymentItem> {
  const { reference, status } = answer;
  return change(orderId, cause, (payment) => {
    if (payment.status !== "intent" && payment.status !== "action_required") return undefined;
    if (payment.status === status) return undefined;
    if (status === "declined") return declined({ ...payment, reference }, answer.reason ?? "declined", []);
    if (status === "action_required") {
      return { set: { status, reference }, facts: [fact(PaymentActionRequired, describe(payment))] };
    }
    if (status === "voided") return { set: { status, reference }, facts: [fact(PaymentVoided, describe(payment))] };
    return { set: { status: "authorized", reference }, facts: [fact(PaymentAuthorized, describe(payment))] };
  });
}

function declined(payment: PaymentItem, reason: string, also: Fact[]): PaymentChange {
  const { reference } = payment;
  return {
    set: { status: "declined", reason, ...(reference && { reference }) },
    facts: [fact(PaymentDeclined, { ...describe(payment), ...declinedFor(reason) }), ...also],
  };
}

/** Whatever the provider holds for this order, even if we never saw its answer. */
async function giveBack(orderId: string): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const held = await sandbox.find(authorizeKey(orderId));
    if (!held || held.status === "declined" || held.status === "voided") return;
    if (held.status === "captured") throw new CapturedError(orderId);
    const answer = await sandbox.void({ key: voidKey(orderId), reference: held.reference });
    if (answer.status === "voided") return;
  }
  throw new ContentionError(`the authorization of ${orderId}`);
}

async function bar(orderId: string, cause: Cause): Promise<void> {
  const createdAt = now();
  const written = record(withPrefix("pay", orderId), 0, createdAt, cause, []);
  const voided = { orderId, status: "voided" as const, provider: sandbox.name, createdAt: createdAt.toISOString() };
  const create = payments()
    .create({ ...voided, ...written })
    .go();
  await reaching("payments", create).catch((error) => {
    if (!isConditionFailure(error)) throw error;
    return voidPayment(orderId, cause);
  });
}

function change(orderId: string, cause: Cause, decide: (payment: PaymentItem) => PaymentChange | undefined) {
  const write = (next: PaymentChange["set"] & { version: number; outbox: string }, expectedVersion: number) => {
    const patch = payments()
      .patch({ orderId })
      .set(next)
      .where(({ version }, { eq }) => eq(version, expectedVersion))
      .go();
    return reaching("payments", patch);
  };
  return changeItem(withPrefix("pay", orderId), cause, { read: () => existing(orderId), write }, decide);
}

async function read(orderId: string): Promise<PaymentItem | undefined> {
  const { data } = await reaching("payments", payments().get({ orderId }).go({ consistent: true }));
  return data ?? undefined;
}

async function existing(orderId: string): Promise<PaymentItem> {
  const payment = await read(orderId);
  if (!payment) throw new NotFoundError(withPrefix("pay", orderId));
  return payment;
}

function amountOf({ amountMinor, currency }: PaymentItem): Money {
  return { amount: amountMinor ?? 0, currency: currency ?? "XXX" };
}

function describe(payment: PaymentItem) {
  const { orderId } = payment;
  return { paymentId: withPrefix("pay", orderId), orderId, amount: amountOf(payment) };
}

function serialize(payment: PaymentItem): Info {
  const { orderId, status, reason, version, createdAt } = payment;
  const id = withPrefix("pay", orderId);
  return { id, orderId, status, amount: amountOf(payment), ...(reason && { reason }), version, createdAt };
}
