/** Orders that were really placed, as far as a test needs them. `createPrice("CUP", 950)` comes first. */
import { newId } from "@cartwright/events";
import type { Actor } from "../../actor.ts";
import { cause, createInput } from "../../test/order.ts";
import { Order } from "../index.ts";
import { orders } from "../order.entity.ts";

export const staff: Actor = { userId: newId("usr"), roles: ["customer", "staff"] };

export const ownerOf = (customerId: string): Actor => ({ userId: customerId, roles: ["customer"] });

/** As staff do it, with a new key each time. */
export const byStaff = (idempotencyKey = newId("req")) => ({ actorId: staff.userId, idempotencyKey });

export const cups = (quantity: number) => [{ sku: "CUP", quantity }];

export async function createPlaced(quantity = 2) {
  const by = { customerId: newId("usr"), idempotencyKey: newId("req") };
  const { order } = await Order.place(createInput({ lines: cups(quantity) }), by, cause);
  const read = () => Order.fromID(order.id, { userId: by.customerId });
  return { id: order.id, customerId: by.customerId, owner: ownerOf(by.customerId), read };
}

export async function createPaid(quantity = 2) {
  const placed = await createPlaced(quantity);
  await Order.confirm(placed.id, cause);
  await Order.markPaid(placed.id, cause);
  return placed;
}

export async function createSent(quantity = 2) {
  const paid = await createPaid(quantity);
  await Order.fulfil(paid.id, {}, byStaff(), cause);
  return paid;
}

export async function outboxOf(orderId: string) {
  const { data } = await orders().get({ orderId }).go({ consistent: true });
  return JSON.parse(data?.outbox ?? "[]") as { name: string; sequence: number; data: Record<string, unknown> }[];
}
