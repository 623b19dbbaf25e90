/** What an order takes: a product with a price, and somebody who places it. */
import { createEvent, ProductCreated } from "@cartwright/events";
import { Order } from "../order/index.ts";

export const cause = { correlationId: "test" };

/** Two of `CUP`, which has no price before `createPrice`. */
export function createInput(overrides: Partial<Order.Place> = {}): Order.Place {
  return {
    lines: [{ sku: "CUP", quantity: 2 }],
    shippingAddress: { name: "Ada", line1: "1 Loop", city: "Kiel", postalCode: "24103", country: "DE" },
    payment: { token: "tok_ok" },
    ...overrides,
  };
}

/** Puts a product on the price list, in minor units of EUR. */
export async function createPrice(
  sku: string,
  amount: number,
  { sequence = 1, status = "published" }: { sequence?: number; status?: "published" | "retired" } = {},
): Promise<void> {
  const data = { sku, title: sku, price: { amount, currency: "EUR" }, status };
  await Order.applyProduct(createEvent(ProductCreated, { subject: sku, sequence, time: new Date(0), cause, data }));
}
