/** An order that was really placed, for tests of what comes after. */
import { Order } from "@cartwright/core/order";
import { newId } from "@cartwright/events";

export async function placeOrder(customerId: string = newId("usr")): Promise<Order.Info> {
  const cause = { correlationId: "test" };
  await Order.applyProduct({
    id: newId("evt"),
    name: "product.created",
    version: 1,
    time: new Date(0).toISOString(),
    source: "cartwright.inventory",
    subject: "PLACED-CUP",
    sequence: 1,
    ...cause,
    data: { sku: "PLACED-CUP", title: "Cup", price: { amount: 900, currency: "EUR" }, status: "published" },
  });
  const input = {
    lines: [{ sku: "PLACED-CUP", quantity: 2 }],
    shippingAddress: { name: "Ada", line1: "1 Loop", city: "Kiel", postalCode: "24103", country: "DE" },
    payment: { token: "tok_ok" },
  };
  const { order } = await Order.place(input, { customerId, idempotencyKey: newId("req") }, cause);
  return order;
}
