import { idFromUuid } from "@cartwright/events";
import type { Actor } from "../../actor.ts";
import { ContentionError, InvalidError, StaleVersionError } from "../../error.ts";
import { offersOf } from "../price-list/price-list.ts";
import { type Line, maximumLines } from "../schema.ts";
import type { CartItem } from "./cart.entity.ts";
import { CartCurrencyError, CartFullError, CartNotFoundError } from "./error.ts";
import type { Create, Info } from "./schema.ts";
import { type Content, cartIdOf, changed, read, usable, write, writeBoth } from "./store.ts";
import { currencyOf, priceIn, view } from "./view.ts";

export { Create, ID, Info, Line as CartLine, Problem as CartProblem, SetLine } from "./schema.ts";

/** Who changes a cart, and which version of it they have seen. */
export interface By {
  actor: Actor | undefined;
  expectedVersion: number;
}

const attempts = 5;

/**
 * A customer's one cart, which is made if there is none; or a new one of a guest, whose id nobody can guess. Throws
 * `CartCurrencyError` when there is something in it at prices in another currency than is asked for.
 */
export async function open(input: Create, actor: Actor | undefined): Promise<{ cart: Info; isNew: boolean }> {
  if (!actor) return { cart: await openForGuest(input), isNew: true };
  for (let attempt = 0; attempt < attempts; attempt++) {
    const cart = await read(cartIdOf(actor.userId));
    const next = opened(cart, input, actor.userId);
    if (cart === next || (await write(next))) return { cart: await seen(next), isNew: !cart };
  }
  throw new ContentionError("the cart");
}

/** Staff may see a customer's cart too, as long as they change nothing. */
export async function fromID(cartId: string, reader: Actor | undefined): Promise<Info> {
  return seen(await usable(cartId, reader, { orStaff: true }));
}

/** A customer's one cart. Nothing is written: throws `CartNotFoundError` when there is none. */
export function fromCustomer(customer: Actor): Promise<Info> {
  return fromID(cartIdOf(customer.userId), customer);
}

/** Puts so many into the cart, at today's price: that is how a price which has changed is accepted. */
export async function setLine(cartId: string, line: Pick<Line, "sku" | "quantity">, by: By): Promise<Info> {
  const cart = await expected(cartId, by);
  const { sku, quantity } = line;
  const offers = await offersOf([...new Set([...cart.lines.map((each) => each.sku), sku])]);
  const offer = offers.get(sku);
  if (offer?.status !== "published") throw refused("unknown_product", `${sku} is not for sale`);
  const currency = currencyOf(cart);
  const unitPrice = priceIn(currency, offer);
  if (!unitPrice) throw refused("no_price_in_currency", `${sku} has no price in ${currency}, as the cart has`);
  const put = { sku, title: offer.title, quantity, unitPrice };
  const isNew = cart.lines.every((each) => each.sku !== sku);
  const lines = isNew ? [...cart.lines, put] : cart.lines.map((each) => (each.sku === sku ? put : each));
  if (lines.length > maximumLines) throw new CartFullError(maximumLines, lines.length);
  return view(await overwrite({ ...cart, lines }), offers);
}

/** Takes a line out. One that is not there is left out without a change. */
export async function removeLine(cartId: string, sku: string, by: By): Promise<Info> {
  const cart = await expected(cartId, by);
  const lines = cart.lines.filter((each) => each.sku !== sku);
  return seen(lines.length === cart.lines.length ? cart : await overwrite({ ...cart, lines }));
}

/**
 * Merges a guest's cart into the customer's, as happens when they sign in. Of what is in both the larger quantity
 * stays: neither signing in twice nor the same cart on two devices doubles anything. Repeating it changes nothing.
 * Throws `CartFullError` when there are too many lines, and then both stay as they are.
 */
export async function merge(cartId: string, actor: Actor): Promise<Info> {
  const ownId = cartIdOf(actor.userId);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const guests = await read(cartId);
    if (cartId === ownId || guests?.mergedInto === ownId) return (await open({}, actor)).cart;
    if (!guests || guests.customerId || guests.mergedInto) throw new CartNotFoundError(cartId);
    const own = changed(merged(guests, await read(ownId), actor.userId));
    if (await writeBoth(own, changed({ ...guests, lines: [], mergedInto: ownId }))) return seen(own);
  }
  throw new ContentionError("the cart");
}

async function openForGuest({ currency }: Create): Promise<Info> {
  const cartId = idFromUuid("crt", crypto.randomUUID());
  const cart = changed({ cartId, lines: [], ...(currency && { currency }) });
  // Nobody else knows the id, so what is there already is this very write, which the SDK has sent again.
  await write(cart);
  return seen(cart);
}

async function expected(cartId: string, { actor, expectedVersion }: By): Promise<CartItem> {
  const cart = await usable(cartId, actor);
  if (cart.revision !== expectedVersion) throw new StaleVersionError("the cart", expectedVersion);
  return cart;
}

async function overwrite(cart: CartItem): Promise<CartItem> {
  const next = changed(cart);
  if (!(await write(next))) throw new StaleVersionError("the cart", cart.revision);
  return next;
}

/** The same cart when there is nothing to change. */
function opened(cart: CartItem | undefined, { currency }: Create, customerId: string): CartItem {
  if (!cart) return changed({ cartId: cartIdOf(customerId), customerId, lines: [], ...(currency && { currency }) });
  const current = currencyOf(cart);
  if (!currency || currency === current) return cart;
  if (cart.lines.length > 0) throw new CartCurrencyError(current!);
  return changed({ ...cart, currency });
}

function merged(guests: CartItem, own: CartItem | undefined, customerId: string): Content {
  const base: Content = own ?? { cartId: cartIdOf(customerId), customerId, lines: [] };
  const quantities = new Map(guests.lines.map(({ sku, quantity }) => [sku, quantity]));
  const most = (line: Line) => Math.max(line.quantity, quantities.get(line.sku) ?? 0);
  const kept = base.lines.map((line) => ({ ...line, quantity: most(line) }));
  const lines = [...kept, ...guests.lines.filter(({ sku }) => kept.every((line) => line.sku !== sku))];
  if (lines.length > maximumLines) throw new CartFullError(maximumLines, lines.length);
  const currency = kept.length > 0 ? base.currency : (guests.currency ?? base.currency);
  return { ...base, lines, ...(currency && { currency }) };
}

async function seen(cart: CartItem): Promise<Info> {
  return view(cart, await offersOf(cart.lines.map(({ sku }) => sku)));
}

function refused(code: string, message: string): InvalidError {
  return new InvalidError(code, message, [{ path: "sku", code, message }]);
}
