export * as Order from "./index.ts";

import { type CancelReason, type Cause, deriveId, type Money, OrderPlaced } from "@cartwright/events";
import { createConversions } from "electrodb";
import { Resource } from "sst";
import * as z from "zod";
import type { Actor } from "../actor.ts";
import { isConditionFailure, reaching } from "../aws-fault.ts";
import { change as changeItem } from "../change.ts";
import { now } from "../clock.ts";
import { decodeCursor, encodeCursor, type Page } from "../cursor.ts";
import { DomainError, InvalidError, KeyReusedError } from "../error.ts";
import { fingerprintOf } from "../fingerprint.ts";
import { AlreadyHandledError, type Delivery, once, remember } from "../inbox.ts";
import { fact, record } from "../outbox.ts";
import { seal } from "../seal.ts";
import { type OrderItem, orders, ordersAndInbox } from "./order.entity.ts";
import { price } from "./price-list.ts";
import * as rule from "./rule.ts";
import {
  type Cancellation,
  ID,
  Info,
  type Line,
  type Place,
  type RecordReturn,
  Return,
  type Summary,
} from "./schema.ts";
import { momentsOf, type Timeline } from "./timeline.ts";

export { applyProduct } from "./price-list.ts";
export {
  AbandonedError,
  type Failure,
  NotAbandonedError,
  NotCancellableError,
  NotReturnableError,
  type Step,
  transitions,
} from "./rule.ts";
export { Address, Cancellation, ID, Info, Line, Place, RecordReturn, Return, Summary } from "./schema.ts";
export { addToTimeline, Moment, Timeline } from "./timeline.ts";

/** How long an unpaid order may hold its stock, and wait for a customer to complete a payment. */
export const deadlineMs = 15 * 60 * 1000;

export class NotFoundError extends DomainError {
  override name = "OrderNotFoundError";
  constructor(orderId: string) {
    super("not_found", "order_not_found", `there is no order ${orderId}`);
  }
}

/**
 * Places an order. Its id is derived from customer and idempotency key, so that one conditional put holds the order,
 * its idempotency record and its event, and N attempts at once address one item. `replayed` answers carry the order
 * as it was placed, whatever has happened to it since.
 */
export async function place(
  input: Place,
  by: { customerId: string; idempotencyKey: string },
  cause: Cause,
): Promise<{ order: Info; replayed: boolean }> {
  const orderId = deriveId("ord", by.customerId, by.idempotencyKey);
  const fingerprint = fingerprintOf(input);
  const earlier = await read(orderId);
  if (earlier) return { order: replay(earlier, fingerprint), replayed: true };

  const lines = await price(input.lines);
  const total = sum(lines);
  const sealedToken = await seal(input.payment.token, orderId, Resource.PaymentTokenKey.value);
  const createdAt = now();
  const order: OrderItem = {
    orderId,
    customerId: by.customerId,
    status: "pending",
    lines,
    totalMinor: total.amount,
    currency: total.currency,
    shippingAddress: input.shippingAddress,
    sealedToken,
    fingerprint,
    deadlineAt: new Date(createdAt.getTime() + deadlineMs).toISOString(),
    createdAt: createdAt.toISOString(),
    version: 1,
  };
  const written = record(orderId, 0, createdAt, cause, [fact(OrderPlaced, rule.checkout(order))]);
  try {
    await reaching(
      "orders",
      orders()
        .create({ ...order, ...written })
        .go(),
    );
  } catch (error) {
    if (!isConditionFailure(error)) throw error;
    return { order: replay(await existing(orderId), fingerprint), replayed: true };
  }
  return { order: serialize(order), replayed: false };
}

/** Confirms a pending order; confirming it again changes nothing. Throws `AbandonedError` once it is given up. */
export async function confirm(orderId: string, cause: Cause): Promise<void> {
  await change(orderId, cause, rule.confirm);
}

/**
 * Gives an order up, for what stopped its checkout. Answers whether it is given up now; `false` means that another
 * run has confirmed it, so nothing may be undone.
 */
export async function abandon(orderId: string, failure: rule.Failure, cause: Cause): Promise<boolean> {
  const order = await change(orderId, cause, (item) => rule.abandon(item, reasonFor(failure.name), failure));
  return rule.isAbandoned(order);
}

/** Cancels an abandoned order, after its money and stock were given back. */
export async function cancel(orderId: string, cause: Cause): Promise<void> {
  await change(orderId, cause, rule.cancel);
}

/**
 * Cancels an order that is still to be fulfilled, for its owner or for staff. What it holds is given back by its
 * checkout, so the order is `cancelled` a little later. Repeating it changes nothing; `replayed` says that this very
 * request did it before. Throws `NotCancellableError`; an order of somebody else is not found.
 */
export async function requestCancellation(
  orderId: string,
  by: { actor: Actor; idempotencyKey: string },
  cause: Cause,
): Promise<{ cancellation: Cancellation; replayed: boolean }> {
  const seen = visible(await read(orderId), orderId, by.actor);
  const cancelKey = fingerprintOf([by.actor.userId, by.idempotencyKey]);
  const asker = seen.customerId === by.actor.userId ? "customer" : "staff";
  const order = await change(orderId, cause, (item) => rule.requestCancellation(item, asker, cancelKey));
  const reason = (order.abandonedFor ?? order.reason) as CancelReason;
  const replayed = seen.cancelKey === cancelKey;
  const isOver = seen.status === "cancelled" && !replayed;
  return { cancellation: { orderId, status: isOver ? "cancelled" : "cancelling", reason }, replayed };
}

/**
 * Records goods that came back; their refund and restocking follow from its event. The same key and input is the same
 * return. Throws `NotFoundError`, `KeyReusedError`, and `NotReturnableError`, naming the lines that are too many.
 */
export async function recordReturn(
  orderId: string,
  input: RecordReturn,
  by: { actorId: string; idempotencyKey: string },
  cause: Cause,
): Promise<{ given: Return; replayed: boolean }> {
  const id = deriveId("ret", orderId, by.actorId, by.idempotencyKey);
  const fingerprint = fingerprintOf(input);
  const { lines, restock, reason } = input;
  const createdAt = now().toISOString();
  let replayed = false;
  const order = await change(orderId, cause, (item) => {
    replayed = item.returns?.some((one) => one.id === id) ?? false;
    if (replayed) return undefined;
    return rule.recordReturn(item, { id, lines, restock, ...(reason && { reason }), createdAt, fingerprint });
  });
  const given = order.returns!.find((one) => one.id === id)!;
  if (given.fingerprint !== fingerprint) throw new KeyReusedError();
  return { given: Return.parse(given), replayed };
}

/** Counts what was paid back of an order, each refund once; one that came back from the bank counts no more. */
export async function recordRefund(
  orderId: string,
  refund: Parameters<typeof rule.refund>[1],
  cause: Cause,
): Promise<void> {
  await change(orderId, cause, (order) => rule.refund(order, refund));
}

/** The money is there: see `pay` in rule.ts for what that means to an order that did not expect it. */
export async function markPaid(orderId: string, cause: Cause): Promise<void> {
  await change(orderId, cause, (order) => rule.pay(order, now()));
}

/** Starts the checkout of an unsettled order again, each time it is asked. Answers whether the order is settled. */
export async function resume(orderId: string, trigger: rule.Trigger, cause: Cause): Promise<{ settled: boolean }> {
  const order = await change(orderId, cause, (item) => rule.resume(item, now(), trigger));
  return { settled: rule.isSettled(order) };
}

/** As `resume`, but once for each delivery: when it comes again, nothing happens. */
export async function resumeOnce(
  orderId: string,
  trigger: rule.Trigger,
  delivery: Delivery,
  cause: Cause,
): Promise<void> {
  try {
    await change(orderId, cause, (item) => rule.resume(item, now(), trigger), delivery);
  } catch (error) {
    if (!(error instanceof AlreadyHandledError)) throw error;
  }
}

/** For its owner and for staff. Another customer's order is not found, so that ids can't be probed. */
export async function fromID(orderId: string, reader: Pick<Actor, "userId"> & Partial<Actor>): Promise<Info> {
  return serialize(visible(await read(orderId), orderId, reader));
}

/** For its owner and for staff; for others there is no such order. */
function visible(
  order: OrderItem | undefined,
  orderId: string,
  reader: Pick<Actor, "userId"> & Partial<Actor>,
): OrderItem {
  const maySee = order?.customerId === reader.userId || reader.roles?.includes("staff");
  if (!order || !maySee) throw new NotFoundError(orderId);
  return order;
}

/**
 * What has happened to an order, oldest first. Its owner and staff may see it; for others there is no such order. It is
 * built from events, so it follows the order by a moment.
 */
export async function timeline(orderId: string, reader: Actor): Promise<Timeline> {
  visible(await read(orderId), orderId, reader);
  return { items: await momentsOf(orderId) };
}

/** A customer's orders, newest first. */
export async function list(
  customerId: string,
  options: { limit: number; cursor?: string | undefined },
): Promise<Page<Summary>> {
  const binding = `orders/${customerId}`;
  const after = options.cursor && decodeCursor(options.cursor, binding, Position);
  const cursor = after
    ? createConversions(orders()).byAccessPattern.byCustomer.fromComposite.toCursor({ customerId, ...after })
    : null;
  const query = orders().query.byCustomer({ customerId }).go({ order: "desc", limit: options.limit, cursor });
  const { data, cursor: more } = await reaching("orders", query);
  const last = data.at(-1);
  const nextCursor = more && last && encodeCursor(binding, { createdAt: last.createdAt, orderId: last.orderId });
  return { items: data.map((order) => summarize(order as OrderItem)), ...(nextCursor && { nextCursor }) };
}

/** Where a page of a customer's orders ended. */
const Position = z.strictObject({ createdAt: z.iso.datetime(), orderId: ID });

const reasons = new Map<string, CancelReason>([
  ["OutOfStockError", "out_of_stock"],
  ["PaymentDeclinedError", "payment_declined"],
  ["InsufficientFundsError", "insufficient_funds"],
  ["CaptureRefusedError", "payment_declined"],
  ["UnavailableError", "temporarily_unavailable"],
  ["ContentionError", "temporarily_unavailable"],
]);

function reasonFor(errorName: string): CancelReason {
  return reasons.get(errorName) ?? "internal_error";
}

type OrderWrite = rule.OrderChange["set"] & { version: number; outbox: string };

/** With a `delivery`, throws `AlreadyHandledError` when it comes again and there would still be something to do. */
function change(
  orderId: string,
  cause: Cause,
  decide: (order: OrderItem) => rule.OrderChange | undefined,
  delivery?: Delivery,
) {
  const write = (next: OrderWrite, expectedVersion: number) =>
    delivery ? patchOnce(orderId, next, expectedVersion, delivery) : patch(orderId, next, expectedVersion);
  return changeItem(orderId, cause, { read: () => existing(orderId), write }, decide);
}

function patch(orderId: string, next: OrderWrite, expectedVersion: number) {
  const patched = orders()
    .patch({ orderId })
    .set(next)
    .where(({ version }, { eq }) => eq(version, expectedVersion));
  return reaching("orders", patched.go());
}

function patchOnce(orderId: string, next: OrderWrite, expectedVersion: number, delivery: Delivery) {
  const transact = () =>
    ordersAndInbox()
      .transaction.write((entities) => [
        remember(entities.inbox, delivery),
        entities.orders
          .patch({ orderId })
          .set(next)
          .where(({ version }, { eq }) => eq(version, expectedVersion))
          .commit(),
      ])
      .go();
  return once(delivery, () => reaching("orders", transact()));
}

async function read(orderId: string): Promise<OrderItem | undefined> {
  const { data } = await reaching("orders", orders().get({ orderId }).go({ consistent: true }));
  return data ?? undefined;
}

async function existing(orderId: string): Promise<OrderItem> {
  const order = await read(orderId);
  if (!order) throw new NotFoundError(orderId);
  return order;
}

function replay(order: OrderItem, fingerprint: string): Info {
  if (order.fingerprint !== fingerprint) throw new KeyReusedError();
  const { reason: _, paidAt: __, abandonedFor: ___, refunds: ____, returns: _____, ...placed } = order;
  return serialize({ ...placed, status: "pending", version: 1 });
}

function sum(lines: Line[]): Money {
  const currencies = new Set(lines.map((line) => line.unitPrice.currency));
  if (currencies.size > 1) {
    throw new InvalidError(
      "mixed_currencies",
      `one order has one currency, this one has ${[...currencies].join(", ")}`,
    );
  }
  const amount = lines.reduce((total, line) => total + line.unitPrice.amount * line.quantity, 0);
  if (amount === 0) throw new InvalidError("nothing_to_pay", "an order has to cost something: there is nothing to pay");
  if (!Number.isSafeInteger(amount)) throw new InvalidError("total_too_large", "the total is too large to be charged");
  return { amount, currency: lines[0]!.unitPrice.currency };
}

/** Parsed, because the table keeps no order of keys: the same order always reads the same. */
function serialize(order: OrderItem): Info {
  return Info.parse({
    ...summarize(order),
    lines: order.lines,
    shippingAddress: order.shippingAddress,
    cancelling: rule.isAbandoned(order) && order.status !== "cancelled",
    paid: order.paidAt !== undefined,
    refunded: rule.refundedOf(order),
    returns: order.returns ?? [],
    version: order.version,
  });
}

function summarize(order: OrderItem): Summary {
  return {
    id: order.orderId,
    status: order.status,
    ...(order.reason && { reason: order.reason as CancelReason }),
    total: { amount: order.totalMinor, currency: order.currency },
    createdAt: order.createdAt,
  };
}
