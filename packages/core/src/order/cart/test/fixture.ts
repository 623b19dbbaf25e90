/** Carts, and what is put into them. */
import { type Money, newId, type ProductStatus } from "@cartwright/events";
import type { Actor } from "../../../actor.ts";
import { createPrice, tellStock } from "../../../test/order.ts";
import { Order } from "../../index.ts";
import { euros } from "../../test/item.ts";

export const dollars = (amount: number): Money => ({ amount, currency: "USD" });

export const customer = (): Actor => ({ userId: newId("usr"), roles: ["customer"] });
export const staff = (): Actor => ({ userId: newId("usr"), roles: ["customer", "staff"] });

/** A product for 9 euros, which nobody else's test sells. */
export async function createOffer({
  title = "Cup",
  prices = [euros(900)],
  status = "published",
}: {
  title?: string;
  prices?: Money[];
  status?: ProductStatus;
} = {}): Promise<string> {
  const sku = newId("req");
  await createPrice(sku, prices, { title, status });
  await tellStock(sku, 1, true);
  return sku;
}

export async function reprice(
  sku: string,
  prices: Money[],
  { sequence = 2, inStock, ...more }: { sequence?: number; inStock?: boolean; status?: ProductStatus } = {},
): Promise<void> {
  await createPrice(sku, prices, { sequence, title: "Cup", ...more });
  if (inStock !== undefined) await tellStock(sku, sequence, inStock);
}

/** With a line of each SKU, in this order. */
export async function createCart(
  actor: Actor | undefined,
  quantities: Record<string, number>,
  create: Order.Cart.Create = {},
): Promise<Order.Cart.Info> {
  let { cart } = await Order.Cart.open(create, actor);
  for (const [sku, quantity] of Object.entries(quantities)) {
    cart = await Order.Cart.setLine(cart.id, { sku, quantity }, { actor, expectedVersion: cart.version });
  }
  return cart;
}
