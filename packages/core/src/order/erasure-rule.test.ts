import { newId } from "@cartwright/events";
import { describe, expect, test } from "vitest";
import { erase, heedErasure } from "./erasure-rule.ts";
import { fulfil } from "./fulfilment/fulfilment-rule.ts";
import { declineReturn, receiveReturn, requestReturn } from "./fulfilment/return-rule.ts";
import type { OrderItem } from "./order.entity.ts";
import * as rule from "./rule.ts";
import { after, createItem, createPaidItem, inTime, lines, names } from "./test/item.ts";

const tracking = { carrier: "DHL", number: "0034" };
const given = (id: string) => ({ id, createdAt: inTime.toISOString(), fingerprint: "f", tracking });
const asked = (id: string) => ({ id, createdAt: inTime.toISOString(), fingerprint: "f", reason: "my cat broke it" });
const declined = { at: inTime.toISOString(), key: "k", fingerprint: "f", status: "declined", reason: "paws" } as const;

/** What tells who somebody is, or where they live. */
const personal = /my cat|paws|DHL|0034/;

function withReturn(order: OrderItem): OrderItem {
  const id = newId("ret");
  const requested = after(order, requestReturn(order, { ...asked(id), lines: lines(["CUP", 1]) }));
  return after(requested, declineReturn(requested, id, declined));
}

const createSent = () => {
  const order = createPaidItem();
  return withReturn(after(order, fulfil(order, given(newId("ful")), [])));
};

describe("an order that is final", () => {
  test("loses its texts and tells of it, once", () => {
    const order = createSent();
    expect(JSON.stringify(order)).toMatch(personal);
    const change = erase(order);
    expect(names(change)).toEqual(["order.anonymized"]);
    const erased = after(order, change);
    expect(erased.erasure).toBe("done");
    expect(JSON.stringify([erased.returns, erased.fulfilments])).not.toMatch(personal);
    expect(erased.returns).toMatchObject([{ settled: { status: "declined" } }]);
    expect(erase(erased)).toBeUndefined();
  });

  test("and gets more texts later keeps none of them, which is nothing new to tell", () => {
    const sent = createSent();
    const order = after(sent, erase(sent));
    const id = newId("ret");
    const change = heedErasure(order, requestReturn(order, { ...asked(id), lines: lines(["CUP", 1]) }));
    expect(names(change)).toEqual(["order.return-requested"]);
    expect(JSON.stringify(change)).not.toMatch(personal);
    const requested = after(order, change);
    const settled = heedErasure(requested, declineReturn(requested, id, declined));
    expect(JSON.stringify(settled)).not.toMatch(personal);
  });
});

describe("an order that is still to be sent", () => {
  test.each([createItem(), createPaidItem()])("is not erased yet", (order) => {
    expect(erase(order)).toBeUndefined();
    expect(heedErasure({ ...order, erasure: "due" }, undefined)).toBeUndefined();
  });

  test("keeps all of it while it is not final, and loses it by the change that makes it so", () => {
    const order = createPaidItem({ erasure: "due" });
    const part = heedErasure(order, fulfil(order, { ...given(newId("ful")), lines: lines(["CUP", 2]) }, []));
    expect(names(part)).toEqual(["order.fulfilled"]);
    const partly = after(order, part);
    expect(partly).toMatchObject({ erasure: "due", fulfilments: [{ tracking }] });
    const last = heedErasure(partly, fulfil(partly, given(newId("ful")), []));
    expect(names(last)).toEqual(["order.fulfilled", "order.anonymized"]);
    expect(after(partly, last)).toMatchObject({ status: "fulfilled", erasure: "done" });
    expect(JSON.stringify(last)).not.toMatch(personal);
  });

  test("and is cancelled is erased when all has been given back, not before", () => {
    const order = createPaidItem({ erasure: "due" });
    const requested = heedErasure(order, rule.requestCancellation(order, "staff", "k"));
    expect(names(requested)).not.toContain("order.anonymized");
    const cancelling = after(order, requested);
    expect(names(heedErasure(cancelling, rule.cancel(cancelling)))).toEqual(["order.cancelled", "order.anonymized"]);
  });

  test("whose customer stays is changed as it always was", () => {
    const order = createPaidItem();
    const change = fulfil(order, given(newId("ful")), []);
    expect(heedErasure(order, change)).toBe(change);
  });
});

test("an order that is erased can still have its money given back, when it comes late", () => {
  const { sealedToken: _, shippingAddress: __, ...erased } = createItem({ status: "cancelled", erasure: "done" });
  const change = rule.pay(erased, inTime);
  expect(change?.facts[0]?.data).toMatchObject({ abandoned: true, sealedToken: "" });
});

test("goods of an order that is erased come back as they always do", () => {
  const sent = createSent();
  const order = after(sent, erase(sent));
  const id = newId("ret");
  const requested = after(order, requestReturn(order, { ...asked(id), lines: lines(["CUP", 2], ["MUG", 3]) }));
  const settlement = {
    at: inTime.toISOString(),
    key: "k",
    fingerprint: "f",
    status: "received",
    restock: true,
  } as const;
  const change = heedErasure(requested, receiveReturn(requested, id, settlement));
  expect(names(change)).toEqual(["order.returned"]);
  expect(after(requested, change)).toMatchObject({ status: "returned", erasure: "done" });
});
