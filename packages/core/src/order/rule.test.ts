import { newId } from "@cartwright/events";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
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

const key = "key";
const abandoned = { abandonedFor: "expired" } as const;
const paid = { status: "confirmed", paidAt: "2026-01-01T00:01:00.000Z" } as const;
const told = (change: rule.OrderChange | undefined) => change?.facts.map(({ data }) => data);

describe("a request to cancel", () => {
  test.each<[string, Partial<OrderItem>]>([
    ["a pending order", {}],
    ["a confirmed order", { status: "confirmed" }],
    ["a paid order", paid],
  ])("gives %s up, and starts its checkout again to give everything back", (_, overrides) => {
    const change = rule.requestCancellation(createOrder(overrides), "customer", key)!;
    expect(change.set).toEqual({ abandonedFor: "customer_request", cancelKey: key });
    expect(names(change)).toEqual(["order.cancellation-requested", "order.abandoned", "checkout.resumed"]);
    expect(told(change)).toMatchObject([
      { by: "customer" },
      { reason: "customer_request" },
      { abandoned: true, trigger: "cancellation" },
    ]);
  });

  test("by staff says so", () => {
    const change = rule.requestCancellation(createOrder(paid), "staff", key)!;
    expect(change.set).toMatchObject({ abandonedFor: "staff_request" });
    expect(told(change)).toMatchObject([{ by: "staff" }, { reason: "staff_request" }, {}]);
  });

  test.each<[string, Partial<OrderItem>]>([
    ["given up", abandoned],
    ["given up for another request", { ...paid, abandonedFor: "staff_request", cancelKey: "other" }],
    ["cancelled", { status: "cancelled", ...abandoned, reason: "expired" }],
  ])("changes nothing of an order that was %s", (_, overrides) => {
    expect(rule.requestCancellation(createOrder(overrides), "customer", key)).toBeUndefined();
  });

  test("is refused once goods have come back, all or some", () => {
    const some = { id: "ret_1", lines: [{ sku: "CUP", quantity: 1 }], restock: true, fingerprint: "f" };
    const returns = [{ ...some, amount: { amount: 900, currency: "EUR" }, createdAt: placedAt.toISOString() }];
    const cancel = (overrides: Partial<OrderItem>) => () =>
      rule.requestCancellation(createOrder({ ...paid, ...overrides }), "customer", key);
    expect(cancel({ returns })).toThrow(rule.NotCancellableError);
    expect(cancel({ status: "returned", returns })).toThrow(rule.NotCancellableError);
  });

  test("keeps an order from being confirmed, and lets it be cancelled whether it was or not", () => {
    for (const status of ["pending", "confirmed"] as const) {
      const order = createOrder({ status });
      const after = { ...order, ...rule.requestCancellation(order, "customer", key)!.set };
      expect(() => rule.confirm(after)).toThrow(rule.AbandonedError);
      expect(rule.cancel(after)?.set).toEqual({ status: "cancelled", reason: "customer_request" });
    }
  });
});

describe("money that comes in", () => {
  test("pays a confirmed order, once", () => {
    const change = rule.pay(createOrder({ status: "confirmed" }), inTime)!;
    expect(change.set).toEqual({ paidAt: inTime.toISOString() });
    expect(names(change)).toEqual(["order.paid"]);
    expect(rule.pay(createOrder(paid), inTime)).toBeUndefined();
  });

  test("for a pending order pays it, and lets its checkout go on", () => {
    const change = rule.pay(createOrder(), inTime)!;
    expect(change.set).toEqual({ paidAt: inTime.toISOString() });
    expect(names(change)).toEqual(["order.paid", "checkout.resumed"]);
    expect(told(change)![1]).toMatchObject({ abandoned: false, trigger: "late-capture" });
  });

  test.each<[string, Partial<OrderItem>]>([
    ["given up", abandoned],
    ["given up after it was confirmed", { status: "confirmed", abandonedFor: "customer_request" }],
    ["cancelled", { status: "cancelled", ...abandoned, reason: "expired" }],
  ])("for an order that was %s goes back, which is told once", (_, overrides) => {
    const order = createOrder(overrides);
    const change = rule.pay(order, inTime)!;
    expect(change.set).toEqual({ lateCaptureAt: inTime.toISOString() });
    expect(names(change)).toEqual(["checkout.resumed"]);
    expect(told(change)).toMatchObject([{ abandoned: true, trigger: "late-capture" }]);
    expect(rule.pay({ ...order, ...change.set }, tooLate)).toBeUndefined();
  });
});

describe("goods that come back", () => {
  const mug = { sku: "MUG", title: "Mug", quantity: 3, unitPrice: { amount: 100, currency: "EUR" } };
  const cup = createOrder().lines[0]!;
  const createPaid = (overrides: Partial<OrderItem> = {}) =>
    createOrder({ ...paid, lines: [cup, mug], totalMinor: 2100, ...overrides });

  function comeBack(order: OrderItem, ...lines: [sku: string, quantity: number][]) {
    const given = { id: newId("ret"), restock: true, createdAt: placedAt.toISOString(), fingerprint: "f" };
    return rule.recordReturn(order, { ...given, lines: lines.map(([sku, quantity]) => ({ sku, quantity })) });
  }

  const after = (order: OrderItem, change: rule.OrderChange): OrderItem => ({ ...order, ...change.set });

  test("in part are refunded at their price, and leave the order confirmed", () => {
    const change = comeBack(createPaid(), ["MUG", 2], ["CUP", 1]);
    expect(change.set.status).toBeUndefined();
    expect(told(change)).toMatchObject([
      {
        lines: [
          { sku: "MUG", quantity: 2 },
          { sku: "CUP", quantity: 1 },
        ],
        ...{ amount: { amount: 1100, currency: "EUR" }, restock: true, complete: false },
      },
    ]);
  });

  test("to the last unit, at once or one after the other, make the order returned", () => {
    expect(comeBack(createPaid(), ["MUG", 3], ["CUP", 2]).set.status).toBe("returned");
    let order = createPaid();
    for (const sku of ["MUG", "CUP", "MUG", "CUP"]) {
      order = after(order, comeBack(order, [sku, 1]));
      expect(order.status).toBe("confirmed");
    }
    const last = comeBack(order, ["MUG", 1]);
    expect(last.set.status).toBe("returned");
    expect(told(last)).toMatchObject([{ complete: true, amount: { amount: 100 } }]);
    expect(after(order, last).returns!.length).toBe(5);
    expect(after(order, last).returns!.reduce((sum, { amount }) => sum + amount.amount, 0)).toBe(2100);
  });

  test("are added up when a product is named more than once", () => {
    const [fact] = told(comeBack(createPaid(), ["MUG", 1], ["CUP", 1], ["MUG", 1]))!;
    expect(fact).toMatchObject({
      lines: [
        { sku: "MUG", quantity: 2 },
        { sku: "CUP", quantity: 1 },
      ],
    });
    expect(() => comeBack(createPaid(), ["MUG", 2], ["MUG", 2])).toThrow(rule.NotReturnableError);
  });

  test("that are more than were bought, or not of this order, are refused by their place in the request", () => {
    const order = createPaid();
    const once = after(order, comeBack(order, ["MUG", 2]));
    const refused = (...lines: [string, number][]) => {
      try {
        comeBack(once, ...lines);
      } catch (error) {
        if (error instanceof rule.NotReturnableError) return error.faults?.map(({ path, message }) => [path, message]);
      }
      throw new Error("it was not refused");
    };
    expect(refused(["CUP", 2], ["MUG", 2])).toEqual([["lines.1.quantity", "of MUG 1 can still be returned"]]);
    expect(refused(["HAT", 1])).toEqual([["lines.0.quantity", "of HAT 0 can still be returned"]]);
    expect(refused(["CUP", 1], ["CUP", 1], ["MUG", 1], ["MUG", 1])).toEqual([
      ["lines.2.quantity", "of MUG 1 can still be returned"],
    ]);
  });

  const { paidAt: _, ...unpaid } = createPaid();

  test.each<[string, OrderItem]>([
    ["pending", { ...unpaid, status: "pending" }],
    ["paid and not confirmed yet", createPaid({ status: "pending" })],
    ["confirmed and not paid yet", unpaid],
    ["being cancelled", createPaid({ abandonedFor: "customer_request" })],
    ["cancelled", createPaid({ status: "cancelled", abandonedFor: "customer_request" })],
  ])("of an order that is %s are refused", (_, order) => {
    expect(() => comeBack(order, ["MUG", 1])).toThrow(rule.NotReturnableError);
  });

  test("are refused once there were fifty returns, whatever is left", () => {
    const lines = [{ ...mug, quantity: 52 }];
    let order = createPaid({ lines });
    for (let times = 0; times < 50; times++) order = after(order, comeBack(order, ["MUG", 1]));
    expect(order.returns!.length).toBe(50);
    expect(() => comeBack(order, ["MUG", 1])).toThrow("as many as an order can have");
  });

  test("of an order that has come back already are refused", () => {
    const order = createPaid();
    const returned = after(order, comeBack(order, ["MUG", 3], ["CUP", 2]));
    expect(() => comeBack(returned, ["MUG", 1])).toThrow(rule.NotReturnableError);
  });
});

describe("money that was paid back", () => {
  const euros = (amount: number) => ({ amount, currency: "EUR" });
  const after = (order: OrderItem, change: rule.OrderChange | undefined): OrderItem => ({ ...order, ...change?.set });
  const through = (refundId: string, amount: number, sequence: number) => ({
    ...{ refundId, amount: euros(amount), succeeded: true, sequence },
  });
  const sentBack = (refundId: string, amount: number, sequence: number) => ({
    ...through(refundId, amount, sequence),
    succeeded: false,
  });

  test("counts once for each refund, and the order says how much has gone back in all", () => {
    const order = createOrder(paid);
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
    const order = after(createOrder(paid), rule.refund(createOrder(paid), through("re_2", 300, 4)));
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
    const change = rule.refund(createOrder(paid), sentBack("rfd_1", 500, 7));
    expect(told(change)).toMatchObject([{ refundId: "rfd_1", amount: euros(500), refunded: euros(0) }]);
    expect(rule.refund(after(createOrder(paid), change), through("rfd_1", 500, 5))).toBeUndefined();
  });

  test("is the same whatever the order, and however often, its events come in", () => {
    const events = ["a", "b", "c"].flatMap((id, index) => [
      through(id, 100 * 2 ** index, 2 + index),
      ...(id === "b" ? [sentBack(id, 100 * 2 ** index, 9)] : []),
    ]);
    const order = fc.shuffledSubarray([...events, ...events], { minLength: 2 * events.length });
    fc.assert(
      fc.property(order, (shuffled) => {
        const last = shuffled.reduce((item, event) => after(item, rule.refund(item, event)), createOrder(paid));
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
  [true, { status: "returned", paidAt: "2026" }],
])("whether it is settled is %s of an order with %j", (settled, overrides) => {
  expect(rule.isSettled(createOrder(overrides))).toBe(settled);
});
