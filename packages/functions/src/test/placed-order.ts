/** An order that was really placed, for tests of what comes after. */
import { Order } from "@cartwright/core/order";
import { cause, createInput, createPrice } from "@cartwright/core/test/order";
import { newId } from "@cartwright/events";

export async function placeOrder(customerId: string = newId("usr")): Promise<Order.Info> {
  await createPrice("PLACED-CUP", 900);
  const input = createInput({ lines: [{ sku: "PLACED-CUP", quantity: 2 }] });
  const { order } = await Order.place(input, { customerId, idempotencyKey: newId("req") }, cause);
  return order;
}
