import { newId } from "@cartwright/events";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { setClock } from "../clock.ts";
import { collectMetrics } from "../test/metric.ts";
import { cause, createPrice } from "../test/order.ts";
import { Order } from "./index.ts";
import { createPaid, createPlaced, staff } from "./test/placed.ts";

beforeAll(() => createPrice("CUP", 950));

/** Time stands still until it is passed. */
function stopClock() {
  let atMs = Date.now();
  onTestFinished(setClock(() => atMs));
  return {
    pass: (seconds: number) => {
      atMs += seconds * 1000;
    },
  };
}

const twiceAtOnceAndAgain = async (run: () => Promise<unknown>) => {
  await Promise.all([run(), run()]);
  await run();
};

describe("the outcome of an order", () => {
  test("is counted once when it is confirmed, with the seconds since it was placed", async () => {
    const clock = stopClock();
    const measured = collectMetrics();
    const { id } = await createPlaced();
    clock.pass(2.5);
    await twiceAtOnceAndAgain(() => Order.confirm(id, cause));
    expect(measured.valuesOf("OrderSettled", { outcome: "confirmed" })).toEqual([1]);
    expect(measured.valuesOf("OrderFault")).toEqual([0]);
    expect(measured.valuesOf("CheckoutSeconds")).toEqual([2.5]);
    expect(measured.all.map(({ about }) => about)).toEqual([{ orderId: id }, { orderId: id }, { orderId: id }]);
  });

  test.each([
    ["OutOfStockError", "out_of_stock", 0],
    ["PaymentDeclinedError", "payment_declined", 0],
    ["OrderOverdueError", "expired", 0],
    ["UnavailableError", "temporarily_unavailable", 1],
    ["TypeError", "internal_error", 1],
  ])("after %s is %s, counted once when it is cancelled; our fault: %i", async (name, outcome, fault) => {
    const measured = collectMetrics();
    const { id } = await createPlaced();
    await Order.abandon(id, { name }, cause);
    expect(measured.all).toEqual([]);
    await twiceAtOnceAndAgain(() => Order.cancel(id, cause));
    expect(measured.valuesOf("OrderSettled")).toEqual([1]);
    expect(measured.valuesOf("OrderSettled", { outcome })).toEqual([1]);
    expect(measured.valuesOf("OrderFault")).toEqual([fault]);
    expect(measured.valuesOf("CheckoutSeconds")).toHaveLength(1);
  });

  test("of one that is cancelled after it was confirmed says nothing more of its checkout", async () => {
    const { id, owner } = await createPaid();
    const measured = collectMetrics();
    await Order.requestCancellation(id, { actor: owner, idempotencyKey: newId("req") }, cause);
    await Order.cancel(id, cause);
    expect(measured.all.map(({ name, dimensions }) => [name, dimensions])).toEqual([
      ["OrderSettled", { outcome: "customer_request" }],
    ]);
  });
});

describe("an order that is looked at", () => {
  test("tells its age while it is not settled, each time, and to nobody but the watch", async () => {
    const clock = stopClock();
    const { id } = await createPlaced();
    const measured = collectMetrics();
    clock.pass(90);
    await Order.resume(id, "watch", cause);
    clock.pass(60);
    await Order.resume(id, "payment-action", cause);
    await Order.resume(id, "watch", cause);
    expect(measured.valuesOf("PendingOrderAge")).toEqual([90, 150]);
  });

  test("tells nothing once it is settled", async () => {
    const { id } = await createPaid();
    const measured = collectMetrics();
    await Order.resume(id, "watch", cause);
    expect(measured.all).toEqual([]);
  });
});

describe("money", () => {
  test("of a confirmed order is what is to be expected", async () => {
    const measured = collectMetrics();
    const { id } = await createPaid();
    await Order.fulfil(id, {}, { actorId: staff.userId, idempotencyKey: newId("req") }, cause);
    await Order.markPaid(id, cause);
    expect(measured.valuesOf("CapturedUnconfirmed")).toEqual([]);
  });

  test("of a pending order is counted once, and no more when it is confirmed after all", async () => {
    const { id } = await createPlaced();
    const measured = collectMetrics();
    await twiceAtOnceAndAgain(() => Order.markPaid(id, cause));
    await Order.confirm(id, cause);
    await Order.markPaid(id, cause);
    expect(measured.valuesOf("CapturedUnconfirmed")).toEqual([1]);
  });

  test("of an order that is cancelled is counted once", async () => {
    const { id } = await createPlaced();
    await Order.abandon(id, { name: "UnavailableError" }, cause);
    await Order.cancel(id, cause);
    const measured = collectMetrics();
    await twiceAtOnceAndAgain(() => Order.markPaid(id, cause));
    expect(measured.valuesOf("CapturedUnconfirmed")).toEqual([1]);
  });
});
