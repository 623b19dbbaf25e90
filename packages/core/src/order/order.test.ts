import { newId } from "@cartwright/events";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { setClock } from "../clock.ts";
import { cause, createInput, createPrice } from "../test/order.ts";
import { Order } from "./index.ts";
import { orders } from "./order.entity.ts";
import { byStaff, createPaid, createPlaced, cups, outboxOf, ownerOf, staff } from "./test/placed.ts";

beforeAll(() => createPrice("CUP", 950));

const createCustomer = () => ({ customerId: newId("usr"), idempotencyKey: newId("req") });

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

describe("an order that costs nothing", () => {
  test("is refused, and one that something of it costs is not", async () => {
    await createPrice("FREE", 0);
    const by = createCustomer();
    const free = { sku: "FREE", quantity: 2 };
    await expect(Order.place(createInput({ lines: [free] }), by, cause)).rejects.toMatchObject({
      ...{ kind: "invalid", code: "nothing_to_pay" },
    });
    expect(await Order.list(by.customerId, { limit: 10 })).toEqual({ items: [] });
    const lines = [free, { sku: "CUP", quantity: 1 }];
    const { order } = await Order.place(createInput({ lines }), by, cause);
    expect(order.total).toEqual({ amount: 950, currency: "EUR" });
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
  test("confirming twice, and at the same time, confirms once", async () => {
    const { id, customerId } = await createPlaced();
    await Promise.all([Order.confirm(id, cause), Order.confirm(id, cause)]);
    await Order.confirm(id, cause);
    expect(await Order.fromID(id, { userId: customerId })).toMatchObject({ status: "confirmed", version: 2 });
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
    expect((await Order.fromID(id, { userId: customerId })).status).toBe(wasAbandoned ? "pending" : "confirmed");
  });

  test("abandoned and undone, an order is cancelled with its reason; each step can be repeated", async () => {
    const { id, customerId } = await createPlaced();
    expect(await Order.abandon(id, { name: "InsufficientFundsError" }, cause)).toBe(true);
    expect(await Order.abandon(id, { name: "UnavailableError" }, cause)).toBe(true);
    expect(await Order.fromID(id, { userId: customerId })).toMatchObject({ status: "pending" });
    await Order.cancel(id, cause);
    await Order.cancel(id, cause);
    expect(await Order.fromID(id, { userId: customerId })).toMatchObject({
      status: "cancelled",
      reason: "insufficient_funds",
    });
    await expect(Order.confirm(id, cause)).rejects.toMatchObject({ name: "OrderAbandonedError" });
  });

  test("giving up tells of the step that failed and of its error", async () => {
    const { id } = await createPlaced();
    await Order.abandon(id, { name: "InsufficientFundsError", step: "authorize" }, cause);
    expect((await outboxOf(id)).map(({ data }) => data)).toMatchObject([
      { reason: "insufficient_funds", step: "authorize", error: "InsufficientFundsError" },
    ]);
  });

  test("past its deadline an order can't be confirmed, but one that is stays so; it is given up as expired", async () => {
    const [placed, confirmed] = [await createPlaced(), await createPlaced()];
    await Order.confirm(confirmed.id, cause);
    onTestFinished(setClock(() => Date.now() + Order.deadlineMs + 1000));
    await Order.confirm(confirmed.id, cause);
    await expect(Order.confirm(placed.id, cause)).rejects.toMatchObject({ name: "OrderOverdueError" });
    expect(await Order.abandon(placed.id, { name: "OrderOverdueError", step: "confirm" }, cause)).toBe(true);
    expect(await outboxOf(placed.id)).toMatchObject([{ name: "order.abandoned", data: { reason: "expired" } }]);
  });

  test("a hold on stock that has run out is what lets an order expire", async () => {
    const { id } = await createPlaced();
    await Order.abandon(id, { name: "ReservationExpiredError", step: "reserve" }, cause);
    await Order.cancel(id, cause);
    expect(await Order.fromID(id, staff)).toMatchObject({ status: "cancelled", reason: "expired" });
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
    const { version } = await Order.fromID(id, { userId: customerId });
    await Order.markPaid(id, cause);
    expect(await Order.fromID(id, { userId: customerId })).toMatchObject({ paid: true, version });
    expect(await Order.resume(id, "watch", cause)).toEqual({ settled: true });
  });
});

describe("after a checkout", () => {
  const euros = (amount: number) => ({ amount, currency: "EUR" });
  const through = (refundId: string, amount: number, sequence: number) => ({
    ...{ refundId, amount: euros(amount), succeeded: true, sequence },
  });

  const namesIn = async (id: string) => (await outboxOf(id)).map(({ name }) => name);

  describe("a request to cancel", () => {
    const cancel = (
      id: string,
      actor: Parameters<typeof Order.requestCancellation>[1]["actor"],
      idempotencyKey = "k",
    ) => Order.requestCancellation(id, { actor, idempotencyKey }, cause);

    test.each([
      ["pending", createPlaced],
      ["paid", createPaid],
    ])("of a %s order is answered at once, and the order is cancelled when all was given back", async (_, create) => {
      const { id, owner, read } = await create();
      const { status } = await read();
      expect(await cancel(id, owner)).toEqual({
        cancellation: { orderId: id, status: "cancelling", reason: "customer_request" },
        replayed: false,
      });
      expect(await namesIn(id)).toEqual(["order.cancellation-requested", "order.abandoned", "checkout.resumed"]);
      expect(await read()).toMatchObject({ status, cancelling: true });
      await expect(Order.confirm(id, cause)).rejects.toMatchObject({ name: "OrderAbandonedError" });
      expect(await Order.resume(id, "watch", cause)).toEqual({ settled: false });
      await Order.cancel(id, cause);
      expect(await read()).toMatchObject({ status: "cancelled", reason: "customer_request", cancelling: false });
      expect(await Order.resume(id, "watch", cause)).toEqual({ settled: true });
    });

    test("again with the same key says so, with another one doesn't, and neither changes anything", async () => {
      const { id, owner, read } = await createPaid();
      const { cancellation } = await cancel(id, owner, "one");
      const { version } = await read();
      expect(await cancel(id, owner, "one")).toEqual({ cancellation, replayed: true });
      expect(await cancel(id, owner, "two")).toEqual({ cancellation, replayed: false });
      expect(await cancel(id, staff, "one")).toEqual({ cancellation, replayed: false });
      expect(await read()).toMatchObject({ version });
      await Order.cancel(id, cause);
      const over = { ...cancellation, status: "cancelled" };
      expect(await cancel(id, owner, "two")).toEqual({ cancellation: over, replayed: false });
      expect(await cancel(id, owner, "one")).toEqual({ cancellation, replayed: true });
    });

    test("of an order that is cancelled already says that it is, and changes nothing", async () => {
      const { id, owner, read } = await createPlaced();
      await Order.abandon(id, { name: "OutOfStockError" }, cause);
      await Order.cancel(id, cause);
      const { version } = await read();
      for (const actor of [owner, staff]) {
        expect(await cancel(id, actor)).toEqual({
          cancellation: { orderId: id, status: "cancelled", reason: "out_of_stock" },
          replayed: false,
        });
      }
      expect(await read()).toMatchObject({ version });
    });

    test("ten times at once is one, and told once", async () => {
      const { id, owner, read } = await createPlaced();
      const { version } = await read();
      const answers = await Promise.all(Array.from({ length: 10 }, () => cancel(id, owner)));
      expect(new Set(answers.map(({ cancellation }) => cancellation.reason))).toEqual(new Set(["customer_request"]));
      expect(await read()).toMatchObject({ version: version + 3 });
    });

    test("by staff gives that as the reason; of their own order they are the customer", async () => {
      const theirs = await createPlaced();
      expect((await cancel(theirs.id, staff)).cancellation.reason).toBe("staff_request");
      const own = await createPlaced();
      const both = { ...staff, userId: own.customerId };
      expect((await cancel(own.id, both)).cancellation.reason).toBe("customer_request");
    });

    test("of somebody else's order finds none, and of an order that failed before tells why it did", async () => {
      const { id, read } = await createPlaced();
      await expect(cancel(id, ownerOf(newId("usr")))).rejects.toMatchObject({ code: "order_not_found" });
      await expect(cancel(newId("ord"), staff)).rejects.toMatchObject({ code: "order_not_found" });
      expect(await read()).toMatchObject({ cancelling: false });
      await Order.abandon(id, { name: "OutOfStockError" }, cause);
      expect((await cancel(id, staff)).cancellation.reason).toBe("out_of_stock");
    });

    test("that meets its confirmation comes first or second, and the order is given up either way", async () => {
      const seen = { confirmed: 0, pending: 0 };
      for (let round = 0; round < 20; round++) {
        const { id, owner, read } = await createPlaced();
        const both = [() => Order.confirm(id, cause), () => cancel(id, owner)];
        if (round % 2 === 1) both.reverse();
        const outcomes = await Promise.allSettled(both.map((run) => run()));
        if (round % 2 === 1) outcomes.reverse();
        const [confirmed, cancelled] = outcomes;
        expect(cancelled!.status).toBe("fulfilled");
        const order = await read();
        expect(order).toMatchObject({
          cancelling: true,
          status: confirmed!.status === "fulfilled" ? "confirmed" : "pending",
        });
        if (confirmed!.status === "rejected") expect(confirmed!.reason).toMatchObject({ name: "OrderAbandonedError" });
        seen[order.status as keyof typeof seen]++;
      }
      expect(seen.confirmed + seen.pending).toBe(20);
    });

    test("is refused of an order of which something has been sent, all or some", async () => {
      const { id, owner } = await createPaid();
      await Order.fulfil(id, { lines: cups(1) }, byStaff(), cause);
      await expect(cancel(id, owner)).rejects.toMatchObject({ kind: "conflict", code: "order_not_cancellable" });
      await Order.fulfil(id, {}, byStaff(), cause);
      await expect(cancel(id, staff)).rejects.toMatchObject({ kind: "conflict", code: "order_not_cancellable" });
    });
  });

  describe("money", () => {
    test("of an order that was given up is told once, so that it goes back once", async () => {
      const { id, read } = await createPlaced();
      await Order.abandon(id, { name: "UnavailableError" }, cause);
      await Promise.all([Order.markPaid(id, cause), Order.markPaid(id, cause)]);
      const { version } = await read();
      await Order.markPaid(id, cause);
      expect(await read()).toMatchObject({ paid: false, version });
      expect(await outboxOf(id)).toMatchObject([
        { name: "checkout.resumed", data: { abandoned: true, trigger: "late-capture" } },
      ]);
      await Order.cancel(id, cause);
      await Order.markPaid(id, cause);
      expect(await read()).toMatchObject({ status: "cancelled", version: version + 1 });
    });

    test("of an order that is pending still pays it, and lets its checkout go on", async () => {
      const { id, read } = await createPlaced();
      await Order.markPaid(id, cause);
      expect(await read()).toMatchObject({ status: "pending", paid: true });
      expect(await namesIn(id)).toEqual(["order.paid", "checkout.resumed"]);
      expect(await Order.resume(id, "watch", cause)).toEqual({ settled: false });
      await Order.confirm(id, cause);
      expect(await Order.resume(id, "watch", cause)).toEqual({ settled: true });
    });

    test("that was paid back counts once for each refund, also at the same time", async () => {
      const { id, read } = await createPaid();
      const count = (refundId: string, amount: number) => Order.recordRefund(id, through(refundId, amount, 5), cause);
      await Promise.all([count("rfd_1", 500), count("rfd_1", 500), count("re_2", 300)]);
      const { version } = await read();
      await count("rfd_1", 500);
      await count("re_2", 300);
      expect(await read()).toMatchObject({ refunded: euros(800), version });
    });

    test("that came back from the bank counts no more, in whichever order, and how often, both are told", async () => {
      const back = { ...through("rfd_1", 500, 6), succeeded: false };
      const both = [through("rfd_1", 500, 5), back];
      for (const told of [both, both.toReversed(), [...both, ...both], [back, back, ...both]]) {
        const { id, read } = await createPaid();
        await Order.recordRefund(id, through("re_2", 300, 4), cause);
        for (const refund of told) await Order.recordRefund(id, refund, cause);
        expect(await outboxOf(id)).toMatchObject([
          { name: "order.refund-reversed", data: { refundId: "rfd_1", amount: euros(500), refunded: euros(300) } },
        ]);
        const { version } = await read();
        await Promise.all(told.map((refund) => Order.recordRefund(id, refund, cause)));
        expect(await read()).toMatchObject({ refunded: euros(300), version });
      }
    });

    test("that comes and goes at the same time ends as the later event says", async () => {
      for (let round = 0; round < 10; round++) {
        const { id, read } = await createPaid();
        const back = { ...through("rfd_1", 500, 6), succeeded: false };
        const both = [through("rfd_1", 500, 5), back];
        if (round % 2 === 1) both.reverse();
        await Promise.all(both.map((refund) => Order.recordRefund(id, refund, cause)));
        expect(await read()).toMatchObject({ refunded: euros(0) });
      }
    });
  });

  test("the request that placed it is answered as it was then", async () => {
    const by = createCustomer();
    const first = await Order.place(createInput(), by, cause);
    const { id } = first.order;
    await Order.confirm(id, cause);
    await Order.markPaid(id, cause);
    await Order.fulfil(id, {}, byStaff(), cause);
    const asked = await Order.requestReturn(id, { lines: cups(2) }, { actor: staff, idempotencyKey: "k" }, cause);
    await Order.receiveReturn(id, asked.given.id, { restock: true }, byStaff(), cause);
    await Order.recordRefund(id, through("rfd_1", 1900, 5), cause);
    expect(await Order.place(createInput(), by, cause)).toEqual({ order: first.order, replayed: true });
  });
});

describe("reading orders", () => {
  test("another customer's order is not found", async () => {
    const { order } = await Order.place(createInput(), createCustomer(), cause);
    await expect(Order.fromID(order.id, { userId: newId("usr") })).rejects.toMatchObject({ kind: "not_found" });
  });

  test("staff may read any, and nobody one that does not exist", async () => {
    const by = createCustomer();
    const { order } = await Order.place(createInput(), by, cause);
    const staff = { userId: newId("usr"), roles: ["customer" as const, "staff" as const] };
    expect(await Order.fromID(order.id, staff)).toEqual(await Order.fromID(order.id, { userId: by.customerId }));
    await expect(Order.fromID(newId("ord"), staff)).rejects.toMatchObject({ code: "order_not_found" });
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
