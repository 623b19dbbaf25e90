import { type Cause, deriveId, type Money, OrderPlaced } from "@cartwright/events";
import { Resource } from "sst";
import { reaching } from "../aws-fault.ts";
import { bucketOf } from "../bucket.ts";
import { now } from "../clock.ts";
import { InvalidError, KeyReusedError } from "../error.ts";
import { fingerprintOf, isSameRequest } from "../fingerprint.ts";
import { guestIdsOf } from "../guest.ts";
import { fact, record } from "../outbox.ts";
import { seal } from "../seal.ts";
import { orderable, placeFromCart } from "./cart/order.ts";
import { nextNumber } from "./number/number.ts";
import { type OrderItem, orders } from "./order.entity.ts";
import { price } from "./price-list/price-list.ts";
import * as rule from "./rule.ts";
import type { Info, Line, Place } from "./schema.ts";
import { serialize } from "./serialize.ts";
import { read } from "./store.ts";

/** How long an unpaid order may hold its stock, and wait for a customer to complete a payment. */
export const deadlineMs = 15 * 60 * 1000;

/**
 * Places an order. Its id is derived from customer and idempotency key, so that one conditional put holds the order,
 * its idempotency record and its event, and N attempts at once address one item. `replayed` answers carry the order
 * as it was placed, whatever has happened to it, or to its cart, since. A guest has no id yet: see guest.ts for theirs,
 * and for what their key has to be.
 */
export async function place(
  input: Place,
  by: { customerId: string | undefined; idempotencyKey: string },
  cause: Cause,
): Promise<{ order: Info; replayed: boolean }> {
  const ids = idsOf(by);
  const { orderId } = ids;
  const fingerprint = fingerprintOf(input);
  const earlier = await read(orderId);
  if (earlier) return { order: replay(earlier, ids, fingerprint), replayed: true };
  try {
    const order = await create(input, { ...ids, fingerprint }, cause);
    return { order: serialize(order), replayed: false };
  } catch (error) {
    // The same request may have placed it meanwhile, and emptied the cart by that; or our own write was not answered.
    const placed = await read(orderId);
    if (!placed) throw error;
    return { order: replay(placed, ids, fingerprint), replayed: true };
  }
}

function idsOf({ customerId, idempotencyKey }: { customerId: string | undefined; idempotencyKey: string }) {
  if (customerId === undefined) return guestIdsOf(idempotencyKey);
  return { orderId: deriveId("ord", customerId, idempotencyKey), customerId };
}

async function create(
  input: Place,
  ids: Pick<OrderItem, "orderId" | "customerId" | "fingerprint">,
  cause: Cause,
): Promise<OrderItem> {
  const { orderId, customerId } = ids;
  const cart = input.cartId === undefined ? undefined : await orderable(input.cartId, customerId, input.currency);
  const lines = cart?.lines ?? (await price(input.lines ?? [], input.currency));
  const total = sum(lines);
  const token = input.payment.token;
  const [number, sealedToken] = await Promise.all([nextNumber(), seal(token, orderId, Resource.PaymentTokenKey.value)]);
  const createdAt = now();
  const order: OrderItem = {
    ...ids,
    number,
    status: "pending",
    lines,
    totalMinor: total.amount,
    currency: total.currency,
    shippingAddress: input.shippingAddress,
    sealedToken,
    deadlineAt: new Date(createdAt.getTime() + deadlineMs).toISOString(),
    createdAt: createdAt.toISOString(),
    bucket: bucketOf(orderId),
    version: 1,
  };
  const placed = { ...order, ...record(orderId, 0, createdAt, cause, [fact(OrderPlaced, rule.checkout(order))]) };
  // An order without a cart is one put, which costs half of what a transaction does.
  if (cart) await placeFromCart(cart, placed);
  else await reaching("orders", orders().create(placed).go());
  return order;
}

/** Has nothing that `rule.ts` may have changed since, which the compiler sees to. */
type AsPlaced = Omit<OrderItem, Later> & { [Field in Exclude<Later, "status">]?: never };
type Later = Exclude<rule.Changing, "fingerprint">;

/** As it was placed: nothing that came later is told, and nothing that is erased. */
function replay(order: OrderItem, { customerId }: { customerId: string }, fingerprint: string): Info {
  // The id says whose it is, and nothing is shown on the strength of an id alone.
  if (order.customerId !== customerId) throw new KeyReusedError();
  if (!isSameRequest(order.fingerprint, fingerprint)) throw new KeyReusedError();
  const { paidAt, abandonedFor, reason, cancelKey, lateCaptureAt, refunds, fulfilments, returns, erasure, ...rest } =
    order;
  const placed: AsPlaced = rest;
  return serialize({ ...placed, status: "pending", version: 1 });
}

function sum(lines: Line[]): Money {
  const amount = lines.reduce((total, line) => total + line.unitPrice.amount * line.quantity, 0);
  if (amount === 0) throw new InvalidError("nothing_to_pay", "an order has to cost something: there is nothing to pay");
  if (!Number.isSafeInteger(amount)) throw new InvalidError("total_too_large", "the total is too large to be charged");
  return { amount, currency: lines[0]!.unitPrice.currency };
}
