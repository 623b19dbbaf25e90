import { newId } from "@cartwright/events";
import { beforeAll, describe, expect, test } from "vitest";
import type { Actor } from "../../actor.ts";
import { cause, createPrice } from "../../test/order.ts";
import { Order } from "../index.ts";
import { byStaff, createPaid, createPlaced, createSent, cups, outboxOf, ownerOf, staff } from "../test/placed.ts";

beforeAll(() => createPrice("CUP", 950));

const euros = (amount: number) => ({ amount, currency: "EUR" });

const request = (id: string, quantity: number, actor: Actor, idempotencyKey = newId("req")) =>
  Order.requestReturn(id, { lines: cups(quantity), reason: "too blue" }, { actor, idempotencyKey }, cause);

const receive = (id: string, returnId: string, input: Partial<Order.ReceiveReturn> = {}, by = byStaff()) =>
  Order.receiveReturn(id, returnId, { restock: true, ...input }, by, cause);

const decline = (id: string, returnId: string, reason = "worn", by = byStaff()) =>
  Order.declineReturn(id, returnId, { reason }, by, cause);

async function createRequested(quantity = 2) {
  const sent = await createSent(quantity);
  const { given } = await request(sent.id, quantity, sent.owner);
  return { ...sent, returnId: given.id };
}

describe("a request to send goods back", () => {
  test("shows with the order, and its reason stays with us", async () => {
    const { id, owner, read } = await createSent();
    const { given, replayed } = await request(id, 1, owner);
    expect(replayed).toBe(false);
    expect(given).toEqual({
      ...{ id: expect.stringMatching(/^ret_/), status: "requested", lines: cups(1), reason: "too blue" },
      createdAt: expect.any(String),
    });
    expect(await read()).toMatchObject({ status: "fulfilled", returns: [given] });
    const [told] = await outboxOf(id);
    expect(told).toMatchObject({ name: "order.return-requested", data: { returnId: given.id, lines: cups(1) } });
    expect(JSON.stringify(told)).not.toContain("blue");
  });

  test("is one for a key, also ten times at once, and never with another body", async () => {
    const { id, owner, read } = await createSent();
    const answers = await Promise.all(Array.from({ length: 10 }, () => request(id, 1, owner, "k")));
    expect(answers.filter(({ replayed }) => !replayed).length).toBe(1);
    expect(new Set(answers.map(({ given }) => JSON.stringify(given))).size).toBe(1);
    expect((await read()).returns.length).toBe(1);
    await expect(request(id, 2, owner, "k")).rejects.toMatchObject({ code: "idempotency_key_reused" });
    const theirs = await request(id, 1, staff, "k");
    expect(theirs).toMatchObject({ replayed: false });
  });

  test("is answered again as it was asked for, whatever has become of it", async () => {
    const { id, owner } = await createSent();
    const { given } = await request(id, 1, owner, "k");
    await receive(id, given.id);
    expect(await request(id, 1, owner, "k")).toEqual({ given, replayed: true });
  });

  test("never asks for more than was sent, also when several ask at once", async () => {
    const { id, owner, read } = await createSent(3);
    const answers = await Promise.allSettled(Array.from({ length: 8 }, () => request(id, 1, owner)));
    for (const answer of answers) {
      if (answer.status === "rejected") expect(["order_not_returnable", "contention"]).toContain(answer.reason.code);
    }
    const { returns } = await read();
    expect(returns.length).toBe(answers.filter(({ status }) => status === "fulfilled").length);
    expect(returns.length).toBeLessThanOrEqual(3);
  });

  test("is for the order's owner and for staff; for others there is no such order", async () => {
    const { id, owner } = await createSent();
    await expect(request(id, 1, ownerOf(newId("usr")))).rejects.toMatchObject({ code: "order_not_found" });
    await expect(request(newId("ord"), 1, staff)).rejects.toMatchObject({ code: "order_not_found" });
    await request(id, 1, owner);
    await request(id, 1, staff);
  });

  test("is refused of an order of which nothing was sent, or which is cancelled", async () => {
    for (const create of [createPlaced, createPaid]) {
      const { id, owner } = await create();
      await expect(request(id, 1, owner)).rejects.toMatchObject({ code: "order_not_returnable" });
      await Order.requestCancellation(id, { actor: owner, idempotencyKey: "k" }, cause);
      await expect(request(id, 1, owner)).rejects.toMatchObject({ code: "order_not_returnable" });
    }
  });

  test("comes fifty times at most, since an order is one item, and an item has an end", async () => {
    const { id, owner, read } = await createSent(52);
    const first = await request(id, 1, owner, "k");
    for (let times = 1; times < 50; times++) await request(id, 1, owner);
    const { version } = await read();
    await expect(request(id, 1, owner)).rejects.toMatchObject({
      ...{ kind: "conflict", code: "order_not_returnable", message: expect.stringContaining("50 returns") },
    });
    expect(await request(id, 1, owner, "k")).toEqual({ given: first.given, replayed: true });
    expect(await read()).toMatchObject({ status: "fulfilled", version, returns: { length: 50 } });
  });
});

describe("goods that have come back", () => {
  test("are shown with what is refunded for them; with the last of them the order is returned", async () => {
    const { id, owner, read } = await createSent();
    const first = await request(id, 1, owner);
    const { given, replayed } = await receive(id, first.given.id, { restock: false });
    expect(replayed).toBe(false);
    expect(given).toEqual({
      ...first.given,
      ...{ status: "received", received: cups(1), amount: euros(950), restock: false, settledAt: expect.any(String) },
    });
    expect(await read()).toMatchObject({ status: "fulfilled", returns: [given] });
    expect(await outboxOf(id)).toMatchObject([
      {
        name: "order.returned",
        data: { returnId: given.id, lines: cups(1), amount: euros(950), restock: false, complete: false },
      },
    ]);
    const last = await request(id, 1, owner);
    await receive(id, last.given.id);
    expect(await read()).toMatchObject({ status: "returned", returns: [given, { status: "received" }] });
    expect(await outboxOf(id)).toMatchObject([{ data: { complete: true } }]);
  });

  test("are what staff count: less than was asked for is refunded for less, and the rest may be asked for again", async () => {
    const { id, owner, returnId } = await createRequested();
    await expect(receive(id, returnId, { lines: cups(3) })).rejects.toMatchObject({
      ...{ code: "return_not_receivable", faults: [{ path: "lines.0.quantity" }] },
    });
    expect(await receive(id, returnId, { lines: cups(1) })).toMatchObject({
      given: { lines: cups(2), received: cups(1), amount: euros(950) },
    });
    expect(await request(id, 1, owner)).toMatchObject({ given: { status: "requested" } });
  });

  test("are received once for a key, also ten times at once, and never with another body", async () => {
    const { id, read, returnId } = await createRequested();
    const by = byStaff();
    const answers = await Promise.all(Array.from({ length: 10 }, () => receive(id, returnId, {}, by)));
    expect(answers.filter(({ replayed }) => !replayed).length).toBe(1);
    expect(new Set(answers.map(({ given }) => JSON.stringify(given))).size).toBe(1);
    const { version } = await read();
    const reused = { code: "idempotency_key_reused" };
    await expect(receive(id, returnId, { restock: false }, by)).rejects.toMatchObject(reused);
    await expect(receive(id, returnId, { lines: cups(2) }, by)).rejects.toMatchObject(reused);
    await expect(decline(id, returnId, "worn", by)).rejects.toMatchObject(reused);
    expect(await read()).toMatchObject({ version });
  });

  test("are received by one of those who do it at once, and the others are told that it was done", async () => {
    const { id, read, returnId } = await createRequested();
    const answers = await Promise.allSettled([receive(id, returnId), receive(id, returnId), decline(id, returnId)]);
    const refused = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
    expect(refused).toMatchObject([{ code: "return_settled" }, { code: "return_settled" }]);
    expect((await read()).returns.length).toBe(1);
  });
});

describe("a return that was declined", () => {
  test("says why, is told without that, and its units may be asked for again", async () => {
    const { id, owner, read, returnId } = await createRequested();
    const { given, replayed } = await decline(id, returnId);
    expect(replayed).toBe(false);
    expect(given).toMatchObject({ id: returnId, status: "declined", declineReason: "worn" });
    expect(Object.keys(given)).not.toContain("amount");
    expect(await read()).toMatchObject({ status: "fulfilled", returns: [given] });
    const [told] = await outboxOf(id);
    expect(told).toMatchObject({ name: "order.return-declined", data: { returnId } });
    expect(JSON.stringify(told)).not.toContain("worn");
    expect(await request(id, 2, owner)).toMatchObject({ given: { lines: cups(2) } });
  });

  test("is so once for a key, never with another reason, and can't be received any more", async () => {
    const { id, read, returnId } = await createRequested();
    const by = byStaff();
    const { given } = await decline(id, returnId, "worn", by);
    const { version } = await read();
    expect(await decline(id, returnId, "worn", by)).toEqual({ given, replayed: true });
    await expect(decline(id, returnId, "late", by)).rejects.toMatchObject({ code: "idempotency_key_reused" });
    await expect(receive(id, returnId)).rejects.toMatchObject({ kind: "conflict", code: "return_settled" });
    expect(await read()).toMatchObject({ version });
  });
});

test("a return that there is not, or of another order, is not found", async () => {
  const [one, other] = [await createRequested(), await createRequested()];
  for (const settle of [receive, decline]) {
    await expect(settle(one.id, newId("ret"))).rejects.toMatchObject({ kind: "not_found", code: "return_not_found" });
    await expect(settle(one.id, other.returnId)).rejects.toMatchObject({ code: "return_not_found" });
    await expect(settle(newId("ord"), one.returnId)).rejects.toMatchObject({ code: "order_not_found" });
  }
});

test("an order that has come back says how much of it was paid back, once that is", async () => {
  const { id, read, returnId } = await createRequested();
  await receive(id, returnId);
  await Order.recordRefund(id, { refundId: "rfd_1", amount: euros(1900), succeeded: true, sequence: 5 }, cause);
  expect(await read()).toMatchObject({ status: "returned", refunded: euros(1900), paid: true, cancelling: false });
  expect(await Order.resume(id, "watch", cause)).toEqual({ settled: true });
});
