import { newId, type OrderLine } from "@cartwright/events";
import { describe, expect, test } from "vitest";
import type { OrderItem } from "../order.entity.ts";
import { after, createItem, createPaidItem, lines, placedAt, told } from "../test/item.ts";
import * as rule from "./fulfilment-rule.ts";

function send(order: OrderItem, parts?: OrderLine[], owed: OrderLine[] = []) {
  const given = { id: newId("ful"), createdAt: placedAt.toISOString(), fingerprint: "f" };
  return rule.fulfil(order, { ...given, lines: parts }, owed);
}

/** Why it was refused, by the paths of its faults. */
function refusalOf(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (error instanceof rule.NotFulfillableError) return error.faults?.map(({ path, message }) => [path, message]);
  }
  throw new Error("it was not refused");
}

test("all of a paid order is sent when nothing else is said, which makes it fulfilled", () => {
  const change = send(createPaidItem());
  expect(change.set.status).toBe("fulfilled");
  expect(told(change)).toMatchObject([{ lines: lines(["CUP", 2], ["MUG", 3]), complete: true }]);
});

test("parts leave it confirmed, and the last one is all that is left", () => {
  const order = createPaidItem();
  const first = send(order, lines(["MUG", 2]));
  expect(first.set.status).toBeUndefined();
  expect(told(first)).toMatchObject([{ lines: lines(["MUG", 2]), complete: false }]);
  const second = send(after(order, first), lines(["CUP", 2]));
  expect(second.set.status).toBeUndefined();
  const last = send(after(after(order, first), second));
  expect(last.set).toMatchObject({ status: "fulfilled", fulfilments: [{}, {}, { units: [0, 1] }] });
  expect(told(last)).toMatchObject([{ lines: lines(["MUG", 1]), complete: true }]);
});

test("a product named more than once is added up", () => {
  const change = send(createPaidItem(), lines(["MUG", 1], ["CUP", 1], ["MUG", 1]));
  expect(told(change)).toMatchObject([{ lines: lines(["CUP", 1], ["MUG", 2]) }]);
});

test("more than is left, or what is not of the order, is refused by its place in the request", () => {
  const order = createPaidItem();
  const once = after(order, send(order, lines(["MUG", 2])));
  expect(refusalOf(() => send(once, lines(["CUP", 2], ["MUG", 2])))).toEqual([
    ["lines.1.quantity", "of MUG 1 can be sent now"],
  ]);
  expect(refusalOf(() => send(once, lines(["HAT", 1])))).toEqual([["lines.0.quantity", "of HAT 0 can be sent now"]]);
  expect(refusalOf(() => send(once, lines(["CUP", 1], ["CUP", 1], ["MUG", 1], ["MUG", 1])))).toEqual([
    ["lines.2.quantity", "of MUG 1 can be sent now"],
  ]);
});

describe("what is still to come", () => {
  test("can't be sent, and stays behind when all that has come is", () => {
    const order = createPaidItem();
    const owed = lines(["MUG", 2], ["CUP", 2]);
    expect(refusalOf(() => send(order, lines(["MUG", 2]), owed))).toEqual([
      ["lines.0.quantity", "of MUG 1 can be sent now"],
    ]);
    const change = send(order, undefined, owed);
    expect(told(change)).toMatchObject([{ lines: lines(["MUG", 1]), complete: false }]);
    const rest = after(order, change);
    expect(() => send(rest, undefined, owed)).toThrow("still to come");
    expect(send(rest, undefined, []).set.status).toBe("fulfilled");
  });

  test("is never more than nothing, whatever we were told", () => {
    const order = createPaidItem();
    const owed = lines(["MUG", 9], ["HAT", 1]);
    expect(told(send(order, undefined, owed))).toMatchObject([{ lines: lines(["CUP", 2]) }]);
  });
});

test("what has been sent can't be sent again", () => {
  const order = createPaidItem();
  expect(() => send(after(order, send(order)))).toThrow("all of it has been sent");
  expect(() => send(after(order, send(order)), lines(["CUP", 1]))).toThrow(rule.NotFulfillableError);
});

const { paidAt: _, ...unpaid } = createPaidItem();

test.each<[string, OrderItem]>([
  ["pending", createItem()],
  ["paid and not confirmed yet", createPaidItem({ status: "pending" })],
  ["confirmed and not paid yet", unpaid],
  ["being cancelled", createPaidItem({ abandonedFor: "customer_request" })],
  ["cancelled", createPaidItem({ status: "cancelled", abandonedFor: "customer_request" })],
])("nothing is sent of an order that is %s", (_, order) => {
  expect(() => send(order)).toThrow(rule.NotFulfillableError);
});

test("an order is sent in fifty parts at most, of which the last is all the rest, so that none is stuck", () => {
  const [cup] = createItem().lines;
  let order = createPaidItem({ lines: [{ ...cup!, quantity: 60 }] });
  for (let times = 0; times < 49; times++) order = after(order, send(order, lines(["CUP", 1])));
  expect(() => send(order, lines(["CUP", 1]))).toThrow("the last one has to be all the rest");
  expect(() => send(order, undefined, lines(["CUP", 1]))).toThrow("the last one has to be all the rest");
  order = after(order, send(order));
  expect(order).toMatchObject({ status: "fulfilled", fulfilments: { length: 50 } });
});
