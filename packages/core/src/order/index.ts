export * as Order from "./index.ts";

import { createHash } from "node:crypto";
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
import { AlreadyHandledError, type Delivery, once, remember } from "../inbox.ts";
import { fact, record } from "../outbox.ts";
import { seal } from "../seal.ts";
import { type OrderItem, orders, ordersAndInbox } from "./order.entity.ts";
import { price } from "./price-list.ts";
import * as rule from "./rule.ts";
import { ID, Info, type Line, type Place, type Summary } from "./schema.ts";
import { momentsOf, type Timeline } from "./timeline.ts";

export { applyProduct } from "./price-list.ts";
export { AbandonedError, type Failure, NotAbandonedError, type Step, transitions } from "./rule.ts";
export { Address, ID, Info, Line, Place, Summary } from "./schema.ts";
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
  const fingerprint = createHash("sha256").update(JSON.stringify(input)).digest("base64url");
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

/** Another customer's order is not found, so that ids can't be probed. */
export async function fromID(orderId: string, customerId: string): Promise<Info> {
  const order = await read(orderId);
  if (order?.customerId !== customerId) throw new NotFoundError(orderId);
  return serialize(order);
}

/**
 * What has happened to an order, oldest first. Its owner and staff may see it; for others there is no such order. It is
 * built from events, so it follows the order by a moment.
 */
export async function timeline(orderId: string, reader: Actor): Promise<Timeline> {
  const order = await read(orderId);
  const maySee = order?.customerId === reader.userId || reader.roles.includes("staff");
  if (!order || !maySee) throw new NotFoundError(orderId);
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
  const { reason: _, paidAt: __, ...placed } = order;
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
  if (!Number.isSafeInteger(amount)) throw new InvalidError("total_too_large", "the total is too large to be charged");
  return { amount, currency: lines[0]!.unitPrice.currency };
}

/** Parsed, because the table keeps no order of keys: the same order always reads the same. */
function serialize(order: OrderItem): Info {
  return Info.parse({
    ...summarize(order),
    lines: order.lines,
    shippingAddress: order.shippingAddress,
    paid: order.paidAt !== undefined,
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
