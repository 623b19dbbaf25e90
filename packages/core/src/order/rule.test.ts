import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OrderItem } from "./order.entity.ts";
import * as rule from "./rule.ts";
import { after, createItem, euros, inTime, names, placedAt, told, tooLate } from "./test/item.ts";

test("a pending order is confirmed once; confirming it again changes nothing", () => {
  expect(rule.confirm(createItem(), inTime)?.set).toEqual({ status: "confirmed" });
  expect(rule.confirm(createItem({ status: "confirmed" }), inTime)).toBeUndefined();
});

test("an order that was given up can't be confirmed", () => {
  expect(() => rule.confirm(createItem({ abandonedFor: "expired" }), inTime)).toThrow(rule.AbandonedError);
  expect(() => rule.confirm(createItem({ status: "cancelled" }), inTime)).toThrow(rule.AbandonedError);
});

test("an order whose time is over can't be confirmed, since others may have its stock; one that was stays so", () => {
  const order = createItem();
  expect(names(rule.confirm(order, new Date(order.deadlineAt)))).toEqual(["order.confirmed"]);
  expect(() => rule.confirm(order, tooLate)).toThrow(rule.OverdueError);
  expect(() => rule.confirm({ ...order, abandonedFor: "expired" }, tooLate)).toThrow(rule.AbandonedError);
  for (const status of ["confirmed", "fulfilled", "returned"] as const) {
    expect(rule.confirm({ ...order, status }, tooLate)).toBeUndefined();
  }
});

test("a confirmed order is given up only for a payment refused at capture, and never once paid", () => {
  const confirmed = createItem({ status: "confirmed" });
  const refused = { name: "CaptureRefusedError" };
  expect(rule.abandon(confirmed, "internal_error", { name: "UnavailableError" })).toBeUndefined();
  expect(rule.abandon(confirmed, "payment_declined", refused)?.set).toEqual({ abandonedFor: "payment_declined" });
  expect(rule.abandon({ ...confirmed, paidAt: "2026" }, "payment_declined", refused)).toBeUndefined();
});

test("an order of which something was sent is never given up", () => {
  const refused = { name: "CaptureRefusedError" };
  const sent = [{ id: "ful_1", units: [1], createdAt: placedAt.toISOString(), fingerprint: "f" }];
  for (const status of ["confirmed", "fulfilled", "returned"] as const) {
    const order = createItem({ status, fulfilments: sent });
    expect(rule.abandon(order, "payment_declined", refused)).toBeUndefined();
    expect(names(rule.resume(order, tooLate, "watch")) ?? []).not.toContain("order.abandoned");
  }
});

test("the first reason for giving up stays", () => {
  expect(rule.abandon(createItem({ abandonedFor: "out_of_stock" }), "expired")).toBeUndefined();
});

test("giving up tells which step failed with which error, and neither when time ran out", () => {
  const failure = { name: "OutOfStockError", step: "reserve" } as const;
  const [failed] = told(rule.abandon(createItem(), "out_of_stock", failure))!;
  expect(failed).toMatchObject({ reason: "out_of_stock", step: "reserve", error: "OutOfStockError" });
  const [expired] = told(rule.resume(createItem(), tooLate, "watch"))!;
  expect(Object.keys(expired!).sort()).toEqual(["customerId", "orderId", "reason"]);
});

test("an order is cancelled only after it was given up, and with that reason", () => {
  expect(() => rule.cancel(createItem())).toThrow(rule.NotAbandonedError);
  expect(rule.cancel(createItem({ abandonedFor: "out_of_stock" }))?.set).toEqual({
    status: "cancelled",
    reason: "out_of_stock",
  });
  expect(rule.cancel(createItem({ status: "cancelled" }))).toBeUndefined();
});

test("an unsettled order is resumed, a settled one is left alone", () => {
  const change = rule.resume(createItem(), inTime, "payment-action");
  expect(names(change)).toEqual(["checkout.resumed"]);
  expect(change?.facts[0]?.data).toMatchObject({ trigger: "payment-action" });
  expect(names(rule.resume(createItem({ status: "confirmed" }), inTime, "watch"))).toEqual(["checkout.resumed"]);
  expect(rule.resume(createItem({ status: "confirmed", paidAt: "2026" }), inTime, "watch")).toBeUndefined();
  expect(rule.resume(createItem({ status: "cancelled" }), inTime, "watch")).toBeUndefined();
});

test("past its deadline a pending order is resumed to be undone", () => {
  const change = rule.resume(createItem(), tooLate, "watch")!;
  expect(names(change)).toEqual(["order.abandoned", "checkout.resumed"]);
  expect(change.set).toEqual({ abandonedFor: "expired" });
  expect(change.facts[1]?.data).toMatchObject({ abandoned: true });
});

test("a confirmed order does not expire", () => {
  const change = rule.resume(createItem({ status: "confirmed" }), tooLate, "watch")!;
  expect(change.set).toEqual({});
  expect(change.facts[0]?.data).toMatchObject({ abandoned: false });
});

const key = "key";
const abandoned = { abandonedFor: "expired" } as const;
const paid = { status: "confirmed", paidAt: "2026-01-01T00:01:00.000Z" } as const;

describe("a request to cancel", () => {
  test.each<[string, Partial<OrderItem>]>([
    ["a pending order", {}],
    ["a confirmed order", { status: "confirmed" }],
    ["a paid order", paid],
  ])("gives %s up, and starts its checkout again to give everything back", (_, overrides) => {
    const change = rule.requestCancellation(createItem(overrides), "customer", key)!;
    expect(change.set).toEqual({ abandonedFor: "customer_request", cancelKey: key });
    expect(names(change)).toEqual(["order.cancellation-requested", "order.abandoned", "checkout.resumed"]);
    expect(told(change)).toMatchObject([
      { by: "customer" },
      { reason: "customer_request" },
      { abandoned: true, trigger: "cancellation" },
    ]);
  });

  test("by staff says so", () => {
    const change = rule.requestCancellation(createItem(paid), "staff", key)!;
    expect(change.set).toMatchObject({ abandonedFor: "staff_request" });
    expect(told(change)).toMatchObject([{ by: "staff" }, { reason: "staff_request" }, {}]);
  });

  test.each<[string, Partial<OrderItem>]>([
    ["given up", abandoned],
    ["given up for another request", { ...paid, abandonedFor: "staff_request", cancelKey: "other" }],
    ["cancelled", { status: "cancelled", ...abandoned, reason: "expired" }],
  ])("changes nothing of an order that was %s", (_, overrides) => {
    expect(rule.requestCancellation(createItem(overrides), "customer", key)).toBeUndefined();
  });

  test("is refused once goods have been sent, all or some", () => {
    const fulfilments = [{ id: "ful_1", units: [1], createdAt: placedAt.toISOString(), fingerprint: "f" }];
    for (const status of ["confirmed", "fulfilled", "returned"] as const) {
      const order = createItem({ ...paid, status, fulfilments });
      expect(() => rule.requestCancellation(order, "customer", key)).toThrow(rule.NotCancellableError);
    }
  });

  test("keeps an order from being confirmed, and lets it be cancelled whether it was or not", () => {
    for (const status of ["pending", "confirmed"] as const) {
      const order = createItem({ status });
      const given = after(order, rule.requestCancellation(order, "customer", key));
      expect(() => rule.confirm(given, inTime)).toThrow(rule.AbandonedError);
      expect(rule.cancel(given)?.set).toEqual({ status: "cancelled", reason: "customer_request" });
    }
  });
});

describe("money that comes in", () => {
  test("pays a confirmed order, once", () => {
    const change = rule.pay(createItem({ status: "confirmed" }), inTime)!;
    expect(change.set).toEqual({ paidAt: inTime.toISOString() });
    expect(names(change)).toEqual(["order.paid"]);
    expect(rule.pay(createItem(paid), inTime)).toBeUndefined();
  });

  test("for a pending order pays it, and lets its checkout go on", () => {
    const change = rule.pay(createItem(), inTime)!;
    expect(change.set).toEqual({ paidAt: inTime.toISOString() });
    expect(names(change)).toEqual(["order.paid", "checkout.resumed"]);
    expect(told(change)![1]).toMatchObject({ abandoned: false, trigger: "late-capture" });
  });

  test.each<[string, Partial<OrderItem>]>([
    ["given up", abandoned],
    ["given up after it was confirmed", { status: "confirmed", abandonedFor: "customer_request" }],
    ["cancelled", { status: "cancelled", ...abandoned, reason: "expired" }],
  ])("for an order that was %s goes back, which is told once", (_, overrides) => {
    const order = createItem(overrides);
    const change = rule.pay(order, inTime)!;
    expect(change.set).toEqual({ lateCaptureAt: inTime.toISOString() });
    expect(names(change)).toEqual(["checkout.resumed"]);
    expect(told(change)).toMatchObject([{ abandoned: true, trigger: "late-capture" }]);
    expect(rule.pay({ ...order, ...change.set }, tooLate)).toBeUndefined();
  });
});

describe("money that was paid back", () => {
  const through = (refundId: string, amount: number, sequence: number) => ({
    ...{ refundId, amount: euros(amount), succeeded: true, sequence },
  });
  const sentBack = (refundId: string, amount: number, sequence: number) => ({
    ...through(refundId, amount, sequence),
    succeeded: false,
  });

  test("counts once for each refund, and the order says how much has gone back in all", () => {
    const order = createItem(paid);
    const first = rule.refund(order, through("rfd_1", 500, 5));
    expect(names(first)).toEqual(["order.refunded"]);
    expect(told(first)).toMatchObject([{ refundId: "rfd_1", amount: euros(500), refunded: euros(500) }]);
    const once = after(order, first);
    expect(rule.refund(once, through("rfd_1", 500, 5))).toBeUndefined();
    const second = rule.refund(once, through("re_2", 300, 6));
    expect(told(second)).toMatchObject([{ refunded: euros(800) }]);
    expect(rule.refundedOf(after(once, second))).toEqual(euros(800));
    expect(rule.refundedOf(order)).toEqual(euros(0));
  });

  test("and came back from the bank counts no more, which is told once", () => {
    const order = after(createItem(paid), rule.refund(createItem(paid), through("re_2", 300, 4)));
    const once = after(order, rule.refund(order, through("rfd_1", 500, 5)));
    const change = rule.refund(once, sentBack("rfd_1", 500, 7));
    expect(names(change)).toEqual(["order.refund-reversed"]);
    expect(told(change)).toMatchObject([{ refundId: "rfd_1", amount: euros(500), refunded: euros(300) }]);
    const reversed = after(once, change);
    expect(rule.refundedOf(reversed)).toEqual(euros(300));
    expect(rule.refund(reversed, sentBack("rfd_1", 500, 7))).toBeUndefined();
    expect(rule.refund(reversed, through("rfd_1", 500, 5))).toBeUndefined();
  });

  test("and is heard of only after it came back never counts", () => {
    const change = rule.refund(createItem(paid), sentBack("rfd_1", 500, 7));
    expect(told(change)).toMatchObject([{ refundId: "rfd_1", amount: euros(500), refunded: euros(0) }]);
    expect(rule.refund(after(createItem(paid), change), through("rfd_1", 500, 5))).toBeUndefined();
  });

  test("is the same whatever the order, and however often, its events come in", () => {
    const events = ["a", "b", "c"].flatMap((id, index) => [
      through(id, 100 * 2 ** index, 2 + index),
      ...(id === "b" ? [sentBack(id, 100 * 2 ** index, 9)] : []),
    ]);
    const order = fc.shuffledSubarray([...events, ...events], { minLength: 2 * events.length });
    fc.assert(
      fc.property(order, (shuffled) => {
        const last = shuffled.reduce((item, event) => after(item, rule.refund(item, event)), createItem(paid));
        expect(rule.refundedOf(last)).toEqual(euros(500));
      }),
      { seed: 20260101, numRuns: 200 },
    );
  });
});

test.each<[boolean, Partial<OrderItem>]>([
  [false, {}],
  [false, { paidAt: "2026" }],
  [false, abandoned],
  [false, { status: "confirmed" }],
  [true, paid],
  [false, { ...paid, abandonedFor: "customer_request" }],
  [true, { status: "cancelled", abandonedFor: "expired" }],
  [true, { status: "fulfilled", paidAt: "2026" }],
  [true, { status: "returned", paidAt: "2026" }],
])("whether it is settled is %s of an order with %j", (settled, overrides) => {
  expect(rule.isSettled(createItem(overrides))).toBe(settled);
});
