import { newId } from "@cartwright/events";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { setClock } from "../clock.ts";
import { cause, createInput, createPrice } from "../test/order.ts";
import { Order } from "./index.ts";
import { orders } from "./order.entity.ts";

beforeAll(() => createPrice("CUP", 950));

const createCustomer = () => ({ customerId: newId("usr"), idempotencyKey: newId("req") });

async function outboxOf(orderId: string) {
  const { data } = await orders().get({ orderId }).go();
  return JSON.parse(data?.outbox ?? "[]") as { name: string; sequence: number; data: Record<string, unknown> }[];
}

describe("placing an order", () => {
  test("charges our price, and tells of the order in the same write, without the token", async () => {
    const { order, replayed } = await Order.place(createInput(), createCustomer(), cause);
    expect(replayed).toBe(false);
    expect(order).toMatchObject({ status: "pending", total: { amount: 1900, currency: "EUR" }, version: 1 });
    const outbox = await outboxOf(order.id);
    expect(outbox.map(({ name, sequence }) => [name, sequence])).toEqual([["order.placed", 1]]);
    const { data } = await orders().get({ orderId: order.id }).go();
    expect(JSON.stringify(data)).not.toContain("tok_ok");
  });

  test("the same key and body give the same answer, whatever has happened since", async () => {
    await createPrice("SALE", 950);
    const by = createCustomer();
    const input = createInput({ lines: [{ sku: "SALE", quantity: 1 }] });
    const first = await Order.place(input, by, cause);
    await createPrice("SALE", 1, { sequence: 2, status: "retired" });
    await Order.confirm(first.order.id, cause);
    expect(await Order.place(input, by, cause)).toEqual({ order: first.order, replayed: true });
  });

  test("the same key with another body is refused", async () => {
    const by = createCustomer();
    await Order.place(createInput(), by, cause);
    const other = createInput({ lines: [{ sku: "CUP", quantity: 3 }] });
    await expect(Order.place(other, by, cause)).rejects.toMatchObject({ code: "idempotency_key_reused" });
  });

  test("ten at once place one order, and all are told the same", async () => {
    const by = createCustomer();
    const answers = await Promise.all(Array.from({ length: 10 }, () => Order.place(createInput(), by, cause)));
    expect(new Set(answers.map(({ order }) => JSON.stringify(order))).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed).length).toBe(1);
    expect((await Order.list(by.customerId, { limit: 10 })).items.length).toBe(1);
  });

  test("two customers may use the same key", async () => {
    const idempotencyKey = newId("req");
    const place = (customerId: string) => Order.place(createInput(), { customerId, idempotencyKey }, cause);
    const [one, two] = await Promise.all([place(newId("usr")), place(newId("usr"))]);
    expect(one.order.id).not.toBe(two.order.id);
  });

  test("lines of the same SKU are added up", async () => {
    const lines = [
      { sku: "CUP", quantity: 1 },
      { sku: "CUP", quantity: 2 },
    ];
    const { order } = await Order.place(createInput({ lines }), createCustomer(), cause);
    expect(order.lines).toMatchObject([{ sku: "CUP", quantity: 3 }]);
  });

  test("every product that is not for sale is named with its place in the request", async () => {
    await createPrice("RETIRED", 5, { sequence: 1, status: "retired" });
    const lines = [
      { sku: "CUP", quantity: 1 },
      { sku: "NOWHERE", quantity: 1 },
      { sku: "RETIRED", quantity: 1 },
    ];
    await expect(Order.place(createInput({ lines }), createCustomer(), cause)).rejects.toMatchObject({
      code: "unknown_product",
      faults: [{ path: "lines.1.sku" }, { path: "lines.2.sku" }],
    });
  });
});

describe("the price list", () => {
  test("an older product event that arrives late changes nothing, nor does a repeated one", async () => {
    await createPrice("LATE", 300, { sequence: 3 });
    await createPrice("LATE", 200, { sequence: 2 });
    await createPrice("LATE", 999, { sequence: 3 });
    const { order } = await Order.place(
      createInput({ lines: [{ sku: "LATE", quantity: 1 }] }),
      createCustomer(),
      cause,
    );
    expect(order.total.amount).toBe(300);
  });
});

describe("the steps of a checkout", () => {
  async function createPlaced() {
    const by = createCustomer();
    const { order } = await Order.place(createInput(), by, cause);
    return { id: order.id, customerId: by.customerId };
  }

  test("confirming twice, and at the same time, confirms once", async () => {
    const { id, customerId } = await createPlaced();
    await Promise.all([Order.confirm(id, cause), Order.confirm(id, cause)]);
    await Order.confirm(id, cause);
    expect(await Order.fromID(id, customerId)).toMatchObject({ status: "confirmed", version: 2 });
    expect((await outboxOf(id)).map(({ name }) => name)).toEqual(["order.confirmed"]);
  });

  test("cancelling and confirming at the same time ends in exactly one of the two", async () => {
    const { id, customerId } = await createPlaced();
    const [confirmed, abandoned] = await Promise.allSettled([
      Order.confirm(id, cause),
      Order.abandon(id, { name: "OutOfStockError" }, cause),
    ]);
    const wasAbandoned = abandoned.status === "fulfilled" && abandoned.value;
    expect(confirmed.status === "fulfilled").toBe(!wasAbandoned);
    expect((await Order.fromID(id, customerId)).status).toBe(wasAbandoned ? "pending" : "confirmed");
  });

  test("abandoned and undone, an order is cancelled with its reason; each step can be repeated", async () => {
    const { id, customerId } = await createPlaced();
    expect(await Order.abandon(id, { name: "InsufficientFundsError" }, cause)).toBe(true);
    expect(await Order.abandon(id, { name: "UnavailableError" }, cause)).toBe(true);
    expect(await Order.fromID(id, customerId)).toMatchObject({ status: "pending" });
    await Order.cancel(id, cause);
    await Order.cancel(id, cause);
    expect(await Order.fromID(id, customerId)).toMatchObject({ status: "cancelled", reason: "insufficient_funds" });
    await expect(Order.confirm(id, cause)).rejects.toMatchObject({ name: "OrderAbandonedError" });
  });

  test("giving up tells of the step that failed and of its error", async () => {
    const { id } = await createPlaced();
    await Order.abandon(id, { name: "InsufficientFundsError", step: "authorize" }, cause);
    expect((await outboxOf(id)).map(({ data }) => data)).toMatchObject([
      { reason: "insufficient_funds", step: "authorize", error: "InsufficientFundsError" },
    ]);
  });

  test("a run that fails after another has confirmed the order may not undo it", async () => {
    const { id } = await createPlaced();
    await Order.confirm(id, cause);
    expect(await Order.abandon(id, { name: "UnavailableError" }, cause)).toBe(false);
  });

  test("an order is paid once and settled then", async () => {
    const { id, customerId } = await createPlaced();
    await Order.confirm(id, cause);
    expect(await Order.resume(id, "watch", cause)).toEqual({ settled: false });
    await Order.markPaid(id, cause);
    const { version } = await Order.fromID(id, customerId);
    await Order.markPaid(id, cause);
    expect(await Order.fromID(id, customerId)).toMatchObject({ paid: true, version });
    expect(await Order.resume(id, "watch", cause)).toEqual({ settled: true });
  });
});

describe("reading orders", () => {
  test("another customer's order is not found", async () => {
    const { order } = await Order.place(createInput(), createCustomer(), cause);
    await expect(Order.fromID(order.id, newId("usr"))).rejects.toMatchObject({ kind: "not_found" });
  });

  test("a list is paged newest first, and its cursor is nobody else's", async () => {
    let seconds = 0;
    onTestFinished(setClock(() => Date.UTC(2026, 0, 1, 0, 0, seconds++)));
    const customerId = newId("usr");
    const placed: string[] = [];
    for (let index = 0; index < 5; index++) {
      const by = { customerId, idempotencyKey: `k${index}` };
      placed.unshift((await Order.place(createInput(), by, cause)).order.id);
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await Order.list(customerId, { limit: 2, cursor });
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor);
    expect(seen).toEqual(placed);
    const { nextCursor } = await Order.list(customerId, { limit: 2 });
    await expect(Order.list(newId("usr"), { limit: 2, cursor: nextCursor })).rejects.toMatchObject({
      code: "invalid_cursor",
    });
  });
});
