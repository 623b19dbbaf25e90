/** What an order takes: a product with a price, of which there is some, and somebody who places it. */
import {
  createEvent,
  type Money,
  type ProductStatus,
  ProductUpdated,
  type ProductVariant,
  StockReplenished,
  StockSoldOut,
} from "@cartwright/events";
import { Order } from "../order/index.ts";
import { cause } from "./cause.ts";

export { cause } from "./cause.ts";

/** Two of `CUP`, which has no price before `createPrice`. */
export function createInput(overrides: Partial<Order.Place> = {}): Order.Place {
  return {
    lines: [{ sku: "CUP", quantity: 2 }],
    shippingAddress: { name: "Ada", line1: "1 Loop", city: "Kiel", postalCode: "24103", country: "DE" },
    payment: { token: "tok_ok" },
    ...overrides,
  };
}

/** Nine euros, unless it is said otherwise. */
export function variantOf(sku: string, overrides: Partial<ProductVariant> = {}): ProductVariant {
  return { sku, options: [], prices: [{ amount: 900, currency: "EUR" }], retired: false, ...overrides };
}

interface Told {
  title?: string;
  status?: ProductStatus;
}

/** Tells the price list of a product, as its event does. */
export async function tellProduct(
  sku: string,
  sequence: number,
  variants: ProductVariant[],
  { title = "Mug", status = "published" }: Told = {},
): Promise<void> {
  const about = { subject: sku, sequence, time: new Date(0), cause };
  await Order.applyProduct(createEvent(ProductUpdated, { ...about, data: { sku, title, status, variants } }));
}

/** Tells the price list whether there is any, as an event of its stock does. */
export async function tellStock(sku: string, sequence: number, inStock: boolean): Promise<void> {
  const about = { subject: `stock:${sku}`, sequence, time: new Date(0), cause };
  const event = inStock
    ? createEvent(StockReplenished, { ...about, data: { sku, available: 1 } })
    : createEvent(StockSoldOut, { ...about, data: { sku } });
  await Order.applyStock(event, inStock);
}

/** Puts a product of one variant on the price list, for an amount of EUR in minor units or for several prices. */
export async function createPrice(
  sku: string,
  price: number | Money[],
  { sequence = 1, title = sku, ...told }: Told & { sequence?: number } = {},
): Promise<void> {
  const prices = typeof price === "number" ? [{ amount: price, currency: "EUR" }] : price;
  await tellProduct(sku, sequence, [variantOf(sku, { prices })], { title, ...told });
}
