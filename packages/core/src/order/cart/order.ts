/** How a cart becomes an order. */
import { InvalidError } from "../../error.ts";
import type { OrderItem } from "../order.entity.ts";
import { offersOf } from "../price-list/price-list.ts";
import type { CartItem } from "./cart.entity.ts";
import { CartChangedError, CartCurrencyError, CartOrderedError } from "./error.ts";
import { changed, usable, writeWithOrder } from "./store.ts";
import { currencyOf, problemsOf } from "./view.ts";

/**
 * A cart whose lines can be ordered at the prices they have, which are today's. Throws `CartChangedError` when a price
 * is another one by now, so that nobody pays what they have not seen, and names the lines that can't be bought.
 */
export async function orderable(cartId: string, customerId: string, currency: string | undefined): Promise<CartItem> {
  const cart = await usable(cartId, { userId: customerId });
  const current = currencyOf(cart);
  if (cart.lines.length === 0 || !current) {
    if (cart.orderedAs) throw new CartOrderedError(cart.orderedAs);
    throw new InvalidError("cart_empty", "the cart is empty: put something in first");
  }
  if (currency && currency !== current) throw new CartCurrencyError(current);
  await assertNothingInTheWay(cart);
  return cart;
}

/** One transaction places the order and empties the cart. Throws `CartChangedError` when somebody changed it since. */
export async function placeFromCart(cart: CartItem, order: OrderItem): Promise<void> {
  const emptied = changed({ ...cart, lines: [], orderedAs: order.orderId });
  if (await writeWithOrder(emptied, order)) return;
  throw new CartChangedError("the cart has been changed or ordered meanwhile: read it again");
}

/** Whether enough is in stock is decided by the checkout, which holds it. */
async function assertNothingInTheWay(cart: CartItem): Promise<void> {
  const offers = await offersOf(cart.lines.map(({ sku }) => sku));
  const problems = problemsOf(cart, offers).filter(({ code }) => code !== "out_of_stock");
  if (problems.length === 0) return;
  const faults = problems.map(({ path, code, message }) => ({ path: `cart.${path}`, code, message }));
  const told = faults.map(({ message }) => message).join("; ");
  if (problems.every(({ code }) => code === "price_changed")) throw new CartChangedError(told, faults);
  throw new InvalidError("cart_not_orderable", told, faults);
}
