/** Products with stock, and orders that want some of it. */
import { newId, type OrderLine } from "@cartwright/events";
import { now } from "../../../clock.ts";
import { cause } from "../../../test/cause.ts";
import { Inventory } from "../../index.ts";
import { inventory } from "../stock.entity.ts";

export { cause } from "../../../test/cause.ts";

export const createActor = () => ({ actorId: newId("usr"), idempotencyKey: newId("req") });

export async function createProduct(onHand: number, settings?: Inventory.ConfigureStock): Promise<string> {
  const sku = newId("req");
  await Inventory.create({ sku, title: "Cup", prices: [{ amount: 900, currency: "EUR" }], status: "published" }, cause);
  if (settings) await Inventory.configureStock(sku, settings, 0, cause);
  if (onHand > 0) await adjust(sku, onHand);
  return sku;
}

/** With what follows from its event. */
export async function adjust(sku: string, delta: number): Promise<void> {
  await Inventory.adjust(sku, { delta, reason: delta > 0 ? "delivery" : "damaged" }, createActor(), cause);
  await Inventory.allocate(sku, cause);
}

export function createCheckout(lines: OrderLine[], { minutes = 15 } = {}) {
  const deadlineAt = new Date(now().getTime() + minutes * 60 * 1000).toISOString();
  return { orderId: newId("ord"), lines, deadlineAt };
}

/** Reserves so many units of one product, for a new order; answers its id. */
export async function reserve(sku: string, quantity = 1): Promise<string> {
  const checkout = createCheckout([{ sku, quantity }]);
  await Inventory.reserve(checkout, cause);
  return checkout.orderId;
}

/** A confirmed order of so many of a product's five units. */
export async function createCommitted(quantity = 2): Promise<{ sku: string; orderId: string }> {
  const sku = await createProduct(5);
  const orderId = await reserve(sku, quantity);
  await Inventory.commit(orderId, cause);
  return { sku, orderId };
}

export async function ship(orderId: string, lines: OrderLine[], fulfilmentId = newId("ful")): Promise<string> {
  await Inventory.ship(orderId, { fulfilmentId, lines }, cause);
  return fulfilmentId;
}

/** An order of which so many of a product's five units are with the customer. */
export async function createShipped(quantity = 2): Promise<{ sku: string; orderId: string }> {
  const { sku, orderId } = await createCommitted(quantity);
  await ship(orderId, [{ sku, quantity }]);
  return { sku, orderId };
}

export async function reservationOf(orderId: string) {
  const { data } = await inventory().entities.reservations.get({ orderId }).go({ consistent: true });
  return data!;
}

export async function toldBy(orderId: string): Promise<{ name: string; data: Record<string, unknown> }[]> {
  return JSON.parse((await reservationOf(orderId)).outbox ?? "[]");
}
