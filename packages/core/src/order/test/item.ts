/** An order as it is stored, for tests of rules. */
import { newId } from "@cartwright/events";
import { bucketOf } from "../../bucket.ts";
import type { OrderItem } from "../order.entity.ts";
import type { OrderChange } from "../rule.ts";

export const placedAt = new Date("2026-01-01T00:00:00.000Z");
export const inTime = new Date("2026-01-01T00:05:00.000Z");
export const tooLate = new Date("2026-01-01T00:15:00.001Z");

export const euros = (amount: number) => ({ amount, currency: "EUR" });

/** Two cups at 9.00 EUR, just placed. */
export function createItem(overrides: Partial<OrderItem> = {}): OrderItem {
  const orderId = newId("ord");
  return {
    orderId,
    number: "4821-0937-6215",
    customerId: newId("usr"),
    status: "pending",
    lines: [{ sku: "CUP", title: "Cup", quantity: 2, unitPrice: euros(900) }],
    totalMinor: 1800,
    currency: "EUR",
    shippingAddress: { name: "A", line1: "B", city: "C", postalCode: "D", country: "DE" },
    sealedToken: "sealed",
    fingerprint: "f",
    deadlineAt: "2026-01-01T00:15:00.000Z",
    createdAt: placedAt.toISOString(),
    bucket: bucketOf(orderId),
    version: 1,
    ...overrides,
  };
}

const paid = { status: "confirmed", paidAt: "2026-01-01T00:01:00.000Z" } as const;

/** Two cups and three mugs at 1.00 EUR, paid. */
export function createPaidItem(overrides: Partial<OrderItem> = {}): OrderItem {
  const mugs = { sku: "MUG", title: "Mug", quantity: 3, unitPrice: euros(100) };
  return createItem({ ...paid, lines: [...createItem().lines, mugs], totalMinor: 2100, ...overrides });
}

export const after = (order: OrderItem, change: OrderChange | undefined): OrderItem => ({ ...order, ...change?.set });

export const names = (change: OrderChange | undefined) => change?.facts.map(({ definition }) => definition.name);

export const told = (change: OrderChange | undefined) => change?.facts.map(({ data }) => data);

export const lines = (...of: [sku: string, quantity: number][]) => of.map(([sku, quantity]) => ({ sku, quantity }));
