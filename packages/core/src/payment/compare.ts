/** The whole ledger against the provider's books, in both directions and bit by bit. */
import type { Cause } from "@cartwright/events";
import { reaching } from "../aws-fault.ts";
import { now } from "../clock.ts";
import type { Complaint } from "./complaint.ts";
import { attemptsOf, isSettled, statusOf, totalsOf } from "./ledger.ts";
import { measureMismatches } from "./measure.ts";
import { type PaymentItem, payments, watermarks } from "./payment.entity.ts";
import type { Charge, Listed } from "./provider.ts";
import { currentProvider } from "./providers.ts";
import { isMismatch, lookIntoAndTell, tell } from "./reconcile.ts";
import { outcomeOf } from "./rule.ts";
import { reviewSlots, slotStart } from "./store.ts";

export interface Reconciled {
  compared: number;
  /** The orders whose payments did not agree with the provider's books. */
  doubtful: string[];
  /** Those of them that no rule mended. */
  wrong: string[];
}

/** A payment in progress is left to its checkout, which ends or is undone within this time. */
const settledAfterMs = 30 * 60 * 1000;
const dayMs = 24 * 60 * 60 * 1000;

/** Charges are compared three times: money moves late, as by a refund at the provider or a bank. */
const passes = [
  { name: "settled", ageMs: settledAfterMs, withLedger: true },
  { name: "day", ageMs: dayMs, withLedger: false },
  { name: "week", ageMs: 7 * dayMs, withLedger: false },
];

/** What one run compares at most, so that it ends in time after a long pause; the next one goes on. */
const longestSpanMs = 60 * 60 * 1000;
/** How far back the first run of all looks. */
const firstSpanMs = 15 * 60 * 1000;

/**
 * Compares all that has settled since the last run, from the provider's list and from the ledger's index. Each pass
 * remembers how far it came, so that a run that failed leaves no gap. Throws an `AggregateError`, after all others were
 * looked at, when the provider gave no answer about some: the next run compares that window again.
 */
export async function reconcileAll(cause: Cause): Promise<Reconciled> {
  const mismatched = new Set<string>();
  try {
    return await reconcilePasses(mismatched, cause);
  } finally {
    measureMismatches([...mismatched]);
  }
}

async function reconcilePasses(mismatched: Set<string>, cause: Cause): Promise<Reconciled> {
  const total: Reconciled = { compared: 0, doubtful: [], wrong: [] };
  for (const { name, ageMs, withLedger } of passes) {
    const until = slotStart(now().getTime() - ageMs);
    const from = (await watermark(name)) ?? until - firstSpanMs;
    const to = Math.min(until, from + longestSpanMs);
    if (to <= from) continue;
    const { compared, doubtful, wrong } = await reconcileWindow(
      { from: new Date(from), to: new Date(to) },
      withLedger,
      mismatched,
      cause,
    );
    total.compared += compared;
    total.doubtful.push(...doubtful);
    total.wrong.push(...wrong);
    await remember(name, to);
  }
  return total;
}

interface Window {
  from: Date;
  to: Date;
}

/** Adds to `mismatched` even if it fails: what was found until then is found. */
async function reconcileWindow(
  window: Window,
  withLedger: boolean,
  mismatched: Set<string>,
  cause: Cause,
): Promise<Reconciled> {
  const inLedger = withLedger ? await movedWithin(window) : [];
  // A charge is made some time before its payment moves for the last time.
  const listed = await listedSince(new Date(window.from.getTime() - (withLedger ? settledAfterMs : 0)), window.to);
  const orderIds = [...new Set([...inLedger, ...listed.keys()])];
  const known = await readAll(orderIds);
  const doubtful = orderIds.filter((orderId) => {
    const charges = listed.get(orderId) ?? [];
    return charges.length > 1 || !agree(known.get(orderId), charges[0]);
  });
  const wrong: string[] = [];
  const failures: unknown[] = [];
  for (const orderId of doubtful) {
    try {
      const complaints = await lookInto(orderId, listed.get(orderId) ?? [], cause);
      if (complaints.length > 0) wrong.push(orderId);
      if (complaints.some(isMismatch)) mismatched.add(orderId);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} payments could not be compared`);
  return { compared: orderIds.length, doubtful, wrong };
}

/** Our keys keep a provider from charging an order twice. Should it have, a person has to know. */
async function lookInto(orderId: string, charges: Listed["charge"][], cause: Cause): Promise<Complaint[]> {
  const complaints = await lookIntoAndTell(orderId, cause, charges[0]?.reference);
  const live = charges.filter(({ status }) => status !== "declined" && status !== "voided");
  if (live.length < 2) return complaints;
  const detail = `the provider has ${live.length} charges of it: ${live.map(({ reference }) => reference).join(", ")}`;
  const twice: Complaint = { code: "charged_twice", detail };
  await tell(orderId, [twice], cause);
  return [...complaints.filter(({ code }) => code !== twice.code), twice];
}

async function listedSince(from: Date, to: Date): Promise<Map<string, Listed["charge"][]>> {
  const listed = new Map<string, Listed["charge"][]>();
  for await (const { orderId, charge } of currentProvider().list({ from, to })) {
    listed.set(orderId, [...(listed.get(orderId) ?? []), charge]);
  }
  return listed;
}

/** Whether the two tell the same, as far as a list tells; all doubts are looked into one by one. */
function agree(payment: PaymentItem | undefined, charge: Listed["charge"] | undefined): boolean {
  if (!payment) return charge === undefined || charge.status === "declined" || charge.status === "voided";
  const attempts = [...attemptsOf(payment.entries).values()];
  if (attempts.some(({ kind, outcome }) => !isSettled(outcome) && kind !== "action")) return false;
  const { capturedMinor, refundedMinor, chargedBackMinor } = totalsOf(payment.entries);
  if (!charge) return capturedMinor === 0 && outcomeOf(payment, "authorize") !== "succeeded";
  const isDisputed = attempts.some(({ kind }) => kind === "chargeback");
  const inFull = capturedMinor === 0 || capturedMinor === payment.amountMinor;
  return (
    inFull &&
    charge.capturedMinor === capturedMinor &&
    charge.refundedMinor === refundedMinor &&
    charge.disputed === isDisputed &&
    (capturedMinor > 0 || chargedBackMinor > 0 || charge.status === expectedAtProvider(payment))
  );
}

/** Of a payment without a capture. */
function expectedAtProvider({ entries }: PaymentItem): Charge["status"] | undefined {
  const status = statusOf(entries);
  return status === "authorized" || status === "declined" || status === "voided" || status === "action_required"
    ? status
    : undefined;
}

/** The orders whose payments have last moved in the window, which begins and ends with a slot. */
async function movedWithin(window: Window): Promise<string[]> {
  return (await Promise.all(reviewSlots(window).map(movedIn))).flat();
}

async function movedIn(reviewSlot: string): Promise<string[]> {
  const query = payments()
    .query.byReview({ reviewSlot })
    .go({ pages: "all", attributes: ["orderId"] });
  const { data } = await reaching("payments", query);
  return data.map(({ orderId }) => orderId);
}

async function readAll(orderIds: string[]): Promise<Map<string, PaymentItem>> {
  if (orderIds.length === 0) return new Map();
  const keys = orderIds.map((orderId) => ({ orderId }));
  const { data } = await reaching("payments", payments().get(keys).go({ consistent: true, concurrent: 4 }));
  return new Map(data.map((payment) => [payment.orderId, payment]));
}

async function watermark(name: string): Promise<number | undefined> {
  const { data } = await reaching("payments", watermarks().get({ name }).go({ consistent: true }));
  return data ? Date.parse(data.until) : undefined;
}

async function remember(name: string, untilMs: number): Promise<void> {
  const until = new Date(untilMs).toISOString();
  await reaching("payments", watermarks().put({ name, until }).go());
}
