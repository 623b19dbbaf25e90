/**
 * How payments are read and changed: every change appends to the ledger, in one conditional write with its events. Only
 * an erasure writes it anew.
 */
import { type Cause, withPrefix } from "@cartwright/events";
import { applied, reaching } from "../aws-fault.ts";
import { change as changeItem } from "../change.ts";
import { now } from "../clock.ts";
import { record } from "../outbox.ts";
import { heedErasure } from "./erasure-rule.ts";
import { NotFoundError } from "./error.ts";
import type { Entry } from "./ledger.ts";
import { measureEntries } from "./measure.ts";
import { type PaymentItem, payments } from "./payment.entity.ts";
import type { ProviderName } from "./provider.ts";
import type { Addition } from "./rule.ts";

export async function read(orderId: string): Promise<PaymentItem | undefined> {
  const { data } = await reaching("payments", payments().get({ orderId }).go({ consistent: true }));
  return data ?? undefined;
}

export async function existing(orderId: string): Promise<PaymentItem> {
  const payment = await read(orderId);
  if (!payment) throw new NotFoundError(withPrefix("pay", orderId));
  return payment;
}

/** Creates a payment with its first entry; answers the one that is there if somebody was faster. */
export async function create(
  payment: Pick<PaymentItem, "orderId" | "customerId" | "amountMinor" | "currency">,
  provider: ProviderName,
  first: Omit<Entry, "atMs">,
): Promise<{ payment: PaymentItem; isNew: boolean }> {
  const createdAt = now();
  const item: PaymentItem = {
    ...payment,
    ...reviewedFrom(createdAt, payment.orderId),
    provider,
    entries: [{ atMs: createdAt.getTime(), ...first }],
    version: 1,
  };
  const isNew = await applied("payments", payments().create(item).go());
  return { payment: isNew ? item : await existing(payment.orderId), isNew };
}

export interface Decision extends Addition {
  /** Whether the reconcilers shall look at it in a while. */
  review?: boolean;
}

/**
 * Decides anew when others have changed the payment meanwhile; `undefined` changes nothing. Whatever is decided, of a
 * payment that is erased no text is kept.
 */
export function change(
  orderId: string,
  cause: Cause,
  decide: (payment: PaymentItem) => Decision | undefined,
): Promise<PaymentItem> {
  const write = async ({ entries, ...next }: Next, _: number, before: PaymentItem) => {
    const patch = payments().patch({ orderId }).set(next);
    const added = entries.slice(before.entries.length);
    const written = next.erased ? patch.set({ entries }) : patch.append({ entries: added });
    await reaching("payments", written.where(unchangedSince(before)).go());
    measureEntries(before, added);
  };
  return changeItem(withPrefix("pay", orderId), cause, { read: () => existing(orderId), write }, (payment) => {
    const decided = decide(payment);
    return decided && { set: appended(payment, decided), facts: decided.facts };
  });
}

type Changed = Pick<PaymentItem, "entries"> & Partial<PaymentItem>;
type Next = Changed & { version: number; outbox: string };

function appended(payment: PaymentItem, decided: Decision): Changed {
  const at = now();
  const added = decided.entries.map((entry): Entry => ({ atMs: at.getTime(), ...entry }));
  const entries = heedErasure(payment, decided, added);
  return { ...decided.set, ...(decided.review && reviewedFrom(at, payment.orderId)), entries };
}

/**
 * Notes that no text is to be kept of a payment that has none, unless somebody has changed it since. Nobody can see that,
 * so it makes no version and no event; whoever changes the payment meanwhile decides anew.
 */
export function markErased(payment: PaymentItem): Promise<boolean> {
  const { orderId } = payment;
  const patch = payments().patch({ orderId }).set({ erased: true }).remove(["outbox"]).where(unchangedSince(payment));
  return applied("payments", patch.go());
}

type Condition = Parameters<ReturnType<ReturnType<typeof payments>["create"]>["where"]>[0];

function unchangedSince({ version, erased }: PaymentItem): Condition {
  return (attributes, { eq, notExists }) => {
    const marked = erased ? eq(attributes.erased, true) : notExists(attributes.erased);
    return `${eq(attributes.version, version)} AND ${marked}`;
  };
}

/** Leaves a payment that was voided before it began, so that an authorization still under way finds it undone. */
export async function bar(orderId: string, provider: ProviderName, cause: Cause): Promise<PaymentItem> {
  const createdAt = now();
  const { outbox } = record(withPrefix("pay", orderId), 0, createdAt, cause, []);
  const item: PaymentItem = {
    orderId,
    provider,
    ...reviewedFrom(createdAt, orderId),
    entries: [{ atMs: createdAt.getTime(), key: "void", outcome: "succeeded" }],
    version: 1,
    outbox,
  };
  const isNew = await applied("payments", payments().create(item).go());
  return isNew ? item : existing(orderId);
}

/** One partition of an index takes about 1,000 writes a second. */
const reviewParts = 32;
/** The alphabet of ids, in which every letter is as frequent as the others. */
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const slotMs = 5 * 60 * 1000;

/** Where the reconcilers find a payment that has moved at this time. */
function reviewedFrom(at: Date, orderId: string) {
  const part = crockford.indexOf(orderId.slice(-1)) % reviewParts;
  return { reviewSlot: slotOf(at.getTime(), part) };
}

/** When the slot of a time began. A window that ends elsewhere would find payments whose charges it doesn't list. */
export function slotStart(atMs: number): number {
  return atMs - (atMs % slotMs);
}

/** All slots that a time of the window lies in. */
export function reviewSlots({ from, to }: { from: Date; to: Date }): string[] {
  const parts = Array.from({ length: reviewParts }, (_, part) => part);
  const slots: string[] = [];
  for (let atMs = slotStart(from.getTime()); atMs < to.getTime(); atMs += slotMs) {
    slots.push(...parts.map((part) => slotOf(atMs, part)));
  }
  return slots;
}

function slotOf(atMs: number, part: number): string {
  return `${Math.floor(atMs / slotMs)}/${part}`;
}

/** Has the reconcilers look at a payment again in a while. It tells of nothing, so the version stays. */
export async function postpone({ orderId, version: expected }: PaymentItem): Promise<void> {
  const patch = payments()
    .patch({ orderId })
    .set(reviewedFrom(now(), orderId))
    .remove(["outbox"])
    .where(({ version }, { eq }) => eq(version, expected))
    .go();
  // Whoever changed it meanwhile has had a reason to look at it.
  await applied("payments", patch);
}
