import { newId } from "@cartwright/events";
import { beforeAll, describe, expect, test } from "vitest";
import { cause, createPrice } from "../../test/order.ts";
import { Order } from "../index.ts";
import { byStaff, createPaid, createPlaced, cups, outboxOf, staff } from "../test/placed.ts";

beforeAll(() => createPrice("CUP", 950));

const fulfil = (id: string, input: Order.Fulfil = {}, by = byStaff()) => Order.fulfil(id, input, by, cause);
const tracking = { carrier: "DHL", number: "00340434161094022115", url: "https://www.dhl.de/track?id=1" };

describe("sending an order", () => {
  test("in parts and to the end shows each part, and tells of it without how it is followed", async () => {
    const { id, read } = await createPaid(3);
    const first = await fulfil(id, { lines: cups(1), tracking });
    expect(first).toEqual({
      fulfilment: { id: expect.stringMatching(/^ful_/), lines: cups(1), tracking, createdAt: expect.any(String) },
      replayed: false,
    });
    expect(await read()).toMatchObject({ status: "confirmed", fulfilments: [first.fulfilment] });
    const told = { fulfilmentId: first.fulfilment.id, lines: cups(1), complete: false };
    expect(await outboxOf(id)).toMatchObject([{ name: "order.fulfilled", data: told }]);
    expect(JSON.stringify(await outboxOf(id))).not.toContain("DHL");
    const { fulfilment: last } = await fulfil(id);
    expect(last).toMatchObject({ lines: cups(2) });
    expect(await read()).toMatchObject({ status: "fulfilled", fulfilments: [first.fulfilment, last] });
    expect(await outboxOf(id)).toMatchObject([{ data: { complete: true } }]);
    await expect(fulfil(id)).rejects.toMatchObject({ kind: "conflict", code: "order_not_fulfillable" });
  });

  test("happens once for a key, also ten times at once, and never with another body", async () => {
    const { id, read } = await createPaid(3);
    const by = byStaff();
    const answers = await Promise.all(Array.from({ length: 10 }, () => fulfil(id, { lines: cups(1) }, by)));
    expect(answers.filter(({ replayed }) => !replayed).length).toBe(1);
    expect(new Set(answers.map(({ fulfilment }) => JSON.stringify(fulfilment))).size).toBe(1);
    await expect(fulfil(id, { lines: cups(2) }, by)).rejects.toMatchObject({ code: "idempotency_key_reused" });
    await expect(fulfil(id, {}, by)).rejects.toMatchObject({ code: "idempotency_key_reused" });
    const { version } = await read();
    await fulfil(id);
    expect(await fulfil(id, { lines: cups(1) }, by)).toEqual({ ...answers[0], replayed: true });
    expect(await read()).toMatchObject({ version: version + 1, fulfilments: { length: 2 } });
  });

  test("never sends more than was ordered, also when several do it at once", async () => {
    const { id, read } = await createPaid(3);
    const answers = await Promise.allSettled(Array.from({ length: 8 }, () => fulfil(id, { lines: cups(1) })));
    const sent = answers.filter(({ status }) => status === "fulfilled").length;
    for (const answer of answers) {
      if (answer.status === "rejected") expect(["order_not_fulfillable", "contention"]).toContain(answer.reason.code);
    }
    expect((await read()).fulfilments.length).toBe(sent);
    expect(sent).toBeLessThanOrEqual(3);
  });

  test("is refused of an order that is not paid, is being cancelled or does not exist", async () => {
    const placed = await createPlaced();
    await expect(fulfil(placed.id)).rejects.toMatchObject({ code: "order_not_fulfillable" });
    const paid = await createPaid();
    await Order.requestCancellation(paid.id, { actor: paid.owner, idempotencyKey: "k" }, cause);
    await expect(fulfil(paid.id)).rejects.toMatchObject({ code: "order_not_fulfillable" });
    await expect(fulfil(newId("ord"))).rejects.toMatchObject({ code: "order_not_found" });
  });
});

test("sending it and cancelling it at once: exactly one of the two happens, and the order says which", async () => {
  const won = { sent: 0, cancelled: 0 };
  for (let round = 0; round < 60; round++) {
    const { id, owner, read } = await createPaid();
    const input = round % 3 === 0 ? {} : { lines: cups(1) };
    const acts = [
      () => fulfil(id, input),
      () => Order.requestCancellation(id, { actor: round % 2 ? owner : staff, idempotencyKey: "k" }, cause),
    ];
    if (round % 4 > 1) acts.reverse();
    const outcomes = await Promise.allSettled<unknown>(acts.map((act) => act()));
    if (round % 4 > 1) outcomes.reverse();
    const [sent, cancelled] = outcomes.map(({ status }) => status === "fulfilled");
    expect(sent).toBe(!cancelled);
    const order = await read();
    expect(order).toMatchObject({ cancelling: cancelled, fulfilments: { length: sent ? 1 : 0 } });
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") continue;
      expect(["order_not_fulfillable", "order_not_cancellable"]).toContain(outcome.reason.code);
    }
    won[sent ? "sent" : "cancelled"]++;
  }
  expect(won.sent + won.cancelled).toBe(60);
});

describe("what is still to come", () => {
  test("can't be sent before it has come, and the order shows what it is", async () => {
    const { id, read } = await createPaid(3);
    await Order.recordOwed(id, { lines: cups(2), sequence: 2 });
    expect(await read()).toMatchObject({ backordered: cups(2) });
    await expect(fulfil(id, { lines: cups(2) })).rejects.toMatchObject({
      ...{ code: "order_not_fulfillable", faults: [{ path: "lines.0.quantity", message: "of CUP 1 can be sent now" }] },
    });
    expect(await fulfil(id)).toMatchObject({ fulfilment: { lines: cups(1) } });
    await expect(fulfil(id)).rejects.toMatchObject({ message: expect.stringContaining("still to come") });
    await Order.recordOwed(id, { lines: [], sequence: 3 });
    expect(await fulfil(id)).toMatchObject({ fulfilment: { lines: cups(2) } });
    expect(await read()).toMatchObject({ status: "fulfilled", backordered: [] });
  });

  test("is what the latest event says, in whichever order, and how often, they come", async () => {
    const { id, read } = await createPaid(3);
    for (const [quantity, sequence] of [
      [1, 4],
      [2, 2],
      [3, 3],
      [1, 4],
    ] as const) {
      await Order.recordOwed(id, { lines: cups(quantity), sequence });
    }
    await Promise.all([2, 4, 3].map((sequence) => Order.recordOwed(id, { lines: cups(3), sequence })));
    expect(await read()).toMatchObject({ backordered: cups(1) });
  });

  test("is nothing any more once the order is given up", async () => {
    const { id, owner, read } = await createPaid();
    await Order.recordOwed(id, { lines: cups(2), sequence: 2 });
    await Order.requestCancellation(id, { actor: owner, idempotencyKey: "k" }, cause);
    expect(await read()).toMatchObject({ backordered: [] });
  });
});

test("what lacked of an order can be read with it, after it was cancelled for that", async () => {
  const { id, read } = await createPlaced();
  const lacking = [{ sku: "CUP", quantity: 2, available: 1 }];
  await Order.recordLacking(id, { lines: lacking, sequence: 1 });
  await Order.recordLacking(id, { lines: [], sequence: 1 });
  await Order.abandon(id, { name: "OutOfStockError", step: "reserve" }, cause);
  await Order.cancel(id, cause);
  expect(await read()).toMatchObject({ status: "cancelled", reason: "out_of_stock", lacking, backordered: [] });
});
