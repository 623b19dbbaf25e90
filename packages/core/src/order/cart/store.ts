/** How carts are read, and how they are written: each write on condition that nobody wrote in between. */
import { deriveId } from "@cartwright/events";
import type { Actor } from "../../actor.ts";
import { applied, reaching } from "../../aws-fault.ts";
import { now } from "../../clock.ts";
import { type Outcome, untilApplied, untilUncontended } from "../../contention.ts";
import type { OrderItem } from "../order.entity.ts";
import { type CartItem, carts, cartsAndOrders } from "./cart.entity.ts";
import { CartMergedError, CartNotFoundError } from "./error.ts";

const keptDays = { guest: 30, customer: 180 };
const daySeconds = 24 * 60 * 60;

/** Of a cart, before it is written. */
export type Content = Pick<CartItem, "cartId" | "lines"> & Partial<CartItem>;

/** A customer has one cart, wherever they sign in. */
export function cartIdOf(customerId: string): string {
  return deriveId("crt", "customer", customerId);
}

/** What is written next of a cart; a new one has no revision yet. Each change keeps it for longer. */
export function changed({ revision = 0, orderedAs, ...cart }: Content): CartItem {
  const days = cart.customerId ? keptDays.customer : keptDays.guest;
  return {
    ...cart,
    ...(orderedAs && cart.lines.length === 0 && { orderedAs }),
    revision: revision + 1,
    expiresAt: nowSeconds() + days * daySeconds,
  };
}

/** One that has expired is gone, whether DynamoDB has deleted it or not. */
export async function read(cartId: string): Promise<CartItem | undefined> {
  const { data } = await reaching("carts", carts().get({ cartId }).go({ consistent: true }));
  return data && data.expiresAt > nowSeconds() ? data : undefined;
}

/** A guest's cart is for whoever knows its id. A customer's one is theirs alone; for others there is no such cart. */
export async function usable(
  cartId: string,
  actor: (Pick<Actor, "userId"> & Partial<Actor>) | undefined,
  { orStaff = false } = {},
): Promise<CartItem> {
  const cart = await read(cartId);
  const isOpen = !cart?.customerId || (orStaff && actor?.roles?.includes("staff"));
  if (!cart || !(isOpen || cart.customerId === actor?.userId)) throw new CartNotFoundError(cartId);
  if (!cart.mergedInto) return cart;
  const isTheirs = actor && cart.mergedInto === cartIdOf(actor.userId);
  throw isTheirs ? new CartMergedError(cartId, cart.mergedInto) : new CartNotFoundError(cartId);
}

/** Whether it was written: it is not when somebody has changed the cart since. */
export function write(next: CartItem): Promise<boolean> {
  return applied("carts", carts().put(next).where(unchangedBefore(next)).go());
}

/** Empties a customer's cart and lets it be gone at once, as one that has expired is. Safe to repeat. */
export function expire(cartId: string): Promise<void> {
  return untilApplied("the cart", async () => {
    const cart = await read(cartId);
    return !cart || write({ ...changed({ ...cart, lines: [] }), expiresAt: nowSeconds() });
  });
}

/** As `write`, of both or of none. */
export function writeBoth(one: CartItem, other: CartItem): Promise<boolean> {
  return transact(() =>
    cartsAndOrders()
      .transaction.write((entities) =>
        [one, other].map((next) => entities.carts.put(next).where(unchangedBefore(next)).commit()),
      )
      .go(),
  );
}

/** As `write`, together with a new order or not at all. */
export function writeWithOrder(next: CartItem, order: OrderItem): Promise<boolean> {
  return transact(() =>
    cartsAndOrders()
      .transaction.write((entities) => [
        entities.orders.create(order).commit(),
        entities.carts.put(next).where(unchangedBefore(next)).commit(),
      ])
      .go(),
  );
}

/** Ids of guests' carts are secrets, so the error that is logged names none. */
async function transact(run: () => Promise<Outcome>): Promise<boolean> {
  const { canceled } = await untilUncontended("the cart", () => reaching("carts", run()));
  return !canceled;
}

type Condition = Parameters<ReturnType<ReturnType<typeof carts>["create"]>["where"]>[0];

function unchangedBefore(next: CartItem): Condition {
  return ({ revision, expiresAt }, { eq, notExists, lte }) =>
    next.revision === 1 ? `${notExists(revision)} OR ${lte(expiresAt, nowSeconds())}` : eq(revision, next.revision - 1);
}

function nowSeconds(): number {
  return Math.floor(now().getTime() / 1000);
}
