import { newId } from "@cartwright/events";
import { expect, test } from "vitest";
import type { OrderItem } from "./order.entity.ts";
import * as rule from "./rule.ts";

const placedAt = new Date("2026-01-01T00:00:00.000Z");
const inTime = new Date("2026-01-01T00:05:00.000Z");
const tooLate = new Date("2026-01-01T00:15:00.001Z");

function createOrder(overrides: Partial<OrderItem> = {}): OrderItem {
  return {
    orderId: newId("ord"),
    customerId: newId("usr"),
    status: "pending",
    lines: [{ sku: "CUP", title: "Cup", quantity: 2, unitPrice: { amount: 900, currency: "EUR" } }],
    totalMinor: 1800,
    currency: "EUR",
    shippingAddress: { name: "A", line1: "B", city: "C", postalCode: "D", country: "DE" },
    sealedToken: "sealed",
    fingerprint: "f",
    deadlineAt: "2026-01-01T00:15:00.000Z",
    createdAt: placedAt.toISOString(),
    version: 1,
    ...overrides,
  };
}

const names = (change: rule.OrderChange | undefined) => change?.facts.map(({ definition }) => definition.name);

test("a pending order is confirmed once; confirming it again changes nothing", () => {
  expect(rule.confirm(createOrder())?.set).toEqual({ status: "confirmed" });
  expect(rule.confirm(createOrder({ status: "confirmed" }))).toBeUndefined();
});

test("an order that was given up can't be confirmed", () => {
  expect(() => rule.confirm(createOrder({ abandonedFor: "expired" }))).toThrow(rule.AbandonedError);
  expect(() => rule.confirm(createOrder({ status: "cancelled" }))).toThrow(rule.AbandonedError);
});

test("a confirmed order is given up only for a payment refused at capture, and never once paid", () => {
  const confirmed = createOrder({ status: "confirmed" });
  const refused = { name: "CaptureRefusedError" };
  expect(rule.abandon(confirmed, "internal_error", { name: "UnavailableError" })).toBeUndefined();
  expect(rule.abandon(confirmed, "payment_declined", refused)?.set).toEqual({ abandonedFor: "payment_declined" });
  expect(rule.abandon({ ...confirmed, paidAt: "2026" }, "payment_declined", refused)).toBeUndefined();
});

test("the first reason for giving up stays", () => {
  expect(rule.abandon(createOrder({ abandonedFor: "out_of_stock" }), "expired")).toBeUndefined();
});

test("giving up tells which step failed with which error, and neither when time ran out", () => {
  const failure = { name: "OutOfStockError", step: "reserve" } as const;
  const told = (change: rule.OrderChange | undefined) => change?.facts[0]?.data;
  const failed = told(rule.abandon(createOrder(), "out_of_stock", failure));
  expect(failed).toMatchObject({ reason: "out_of_stock", step: "reserve", error: "OutOfStockError" });
  const expired = told(rule.resume(createOrder(), tooLate, "watch"));
  expect(Object.keys(expired!).sort()).toEqual(["customerId", "orderId", "reason"]);
});

test("an order is cancelled only after it was given up, and with that reason", () => {
  expect(() => rule.cancel(createOrder())).toThrow(rule.NotAbandonedError);
  expect(rule.cancel(createOrder({ abandonedFor: "out_of_stock" }))?.set).toEqual({
    status: "cancelled",
    reason: "out_of_stock",
  });
  expect(rule.cancel(createOrder({ status: "cancelled" }))).toBeUndefined();
});

test("an unsettled order is resumed, a settled one is left alone", () => {
  const change = rule.resume(createOrder(), inTime, "payment-action");
  expect(names(change)).toEqual(["checkout.resumed"]);
  expect(change?.facts[0]?.data).toMatchObject({ trigger: "payment-action" });
  expect(names(rule.resume(createOrder({ status: "confirmed" }), inTime, "watch"))).toEqual(["checkout.resumed"]);
  expect(rule.resume(createOrder({ status: "confirmed", paidAt: "2026" }), inTime, "watch")).toBeUndefined();
  expect(rule.resume(createOrder({ status: "cancelled" }), inTime, "watch")).toBeUndefined();
});

test("past its deadline a pending order is resumed to be undone", () => {
  const change = rule.resume(createOrder(), tooLate, "watch")!;
  expect(names(change)).toEqual(["order.abandoned", "checkout.resumed"]);
  expect(change.set).toEqual({ abandonedFor: "expired" });
  expect(change.facts[1]?.data).toMatchObject({ abandoned: true });
});

test("a confirmed order does not expire", () => {
  const change = rule.resume(createOrder({ status: "confirmed" }), tooLate, "watch")!;
  expect(change.set).toEqual({});
  expect(change.facts[0]?.data).toMatchObject({ abandoned: false });
});
