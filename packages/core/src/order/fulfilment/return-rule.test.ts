import { newId, type OrderLine } from "@cartwright/events";
import { describe, expect, test } from "vitest";
import type { OrderItem } from "../order.entity.ts";
import { after, createItem, createPaidItem, euros, lines, names, placedAt, told } from "../test/item.ts";
import { fulfil } from "./fulfilment-rule.ts";
import * as rule from "./return-rule.ts";

const at = placedAt.toISOString();

function send(order: OrderItem, parts?: OrderLine[]): OrderItem {
  return after(order, fulfil(order, { id: newId("ful"), lines: parts, createdAt: at, fingerprint: "f" }, []));
}

const createSent = (overrides: Partial<OrderItem> = {}) => send(createPaidItem(overrides));

function request(order: OrderItem, asked: OrderLine[], id = newId("ret")) {
  return rule.requestReturn(order, { id, lines: asked, createdAt: at, fingerprint: "f" });
}

/** As asked for and not settled yet; answers the order and the return's id. */
function ask(order: OrderItem, ...asked: [sku: string, quantity: number][]): [OrderItem, string] {
  const id = newId("ret");
  return [after(order, request(order, lines(...asked), id)), id];
}

function receive(order: OrderItem, returnId: string, came?: OrderLine[], restock = true) {
  return rule.receiveReturn(order, returnId, {
    ...{ status: "received", at, key: "k", fingerprint: "f", restock, lines: came },
  });
}

function decline(order: OrderItem, returnId: string) {
  return rule.declineReturn(order, returnId, { status: "declined", at, key: "k", fingerprint: "f", reason: "worn" });
}

function refusalOf(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (error instanceof rule.NotReturnableError || error instanceof rule.NotReceivableError) {
      return error.faults?.map(({ path, message }) => [path, message]);
    }
  }
  throw new Error("it was not refused");
}

describe("a request to send goods back", () => {
  test("is told, without its reason, and changes neither status nor money", () => {
    const order = createSent();
    const change = rule.requestReturn(order, {
      ...{ id: newId("ret"), lines: lines(["MUG", 2]), reason: "too blue", createdAt: at, fingerprint: "f" },
    });
    expect(change.set.status).toBeUndefined();
    expect(names(change)).toEqual(["order.return-requested"]);
    expect(told(change)).toMatchObject([{ lines: lines(["MUG", 2]) }]);
    expect(JSON.stringify(told(change))).not.toContain("blue");
  });

  test("takes what was sent alone, also of an order that is sent in part", () => {
    const order = send(createPaidItem(), lines(["MUG", 2]));
    expect(refusalOf(() => request(order, lines(["CUP", 1], ["MUG", 3])))).toEqual([
      ["lines.0.quantity", "of CUP 0 can be returned"],
      ["lines.1.quantity", "of MUG 2 can be returned"],
    ]);
    expect(names(request(order, lines(["MUG", 2])))).toEqual(["order.return-requested"]);
  });

  test("adds up a product that is named more than once, and names the first line that is too much", () => {
    const [order] = ask(createSent(), ["MUG", 2]);
    expect(refusalOf(() => request(order, lines(["CUP", 1], ["MUG", 1], ["HAT", 1], ["MUG", 1])))).toEqual([
      ["lines.1.quantity", "of MUG 1 can be returned"],
      ["lines.2.quantity", "of HAT 0 can be returned"],
    ]);
    expect(told(request(order, lines(["CUP", 1], ["MUG", 1], ["CUP", 1])))).toMatchObject([
      { lines: lines(["CUP", 2], ["MUG", 1]) },
    ]);
  });

  test("holds its units until it is settled: what was declined or did not come may be asked for again", () => {
    const [order, id] = ask(createSent(), ["MUG", 3]);
    expect(() => request(order, lines(["MUG", 1]))).toThrow(rule.NotReturnableError);
    expect(names(request(after(order, decline(order, id)), lines(["MUG", 3])))).toEqual(["order.return-requested"]);
    const some = after(order, receive(order, id, lines(["MUG", 1])));
    expect(names(request(some, lines(["MUG", 2])))).toEqual(["order.return-requested"]);
    expect(() => request(some, lines(["MUG", 3]))).toThrow(rule.NotReturnableError);
  });

  test.each<[string, OrderItem]>([
    ["pending", createItem()],
    ["paid and not sent", createPaidItem()],
    ["being cancelled", createPaidItem({ abandonedFor: "customer_request" })],
    ["cancelled", createPaidItem({ status: "cancelled", abandonedFor: "customer_request" })],
  ])("is refused of an order that is %s", (_, order) => {
    expect(() => request(order, lines(["MUG", 1]))).toThrow(rule.NotReturnableError);
  });

  test("is refused once there were fifty, whatever is left and whatever became of them", () => {
    let order = createSent();
    for (let times = 0; times < 50; times++) {
      const [asked, id] = ask(order, ["MUG", 1]);
      order = after(asked, decline(asked, id));
    }
    expect(() => request(order, lines(["MUG", 1]))).toThrow("as many as an order can have");
  });
});

describe("goods that have come back", () => {
  test("in part are refunded at their price, and leave the order as it was", () => {
    const [order, id] = ask(createSent(), ["MUG", 2], ["CUP", 1]);
    const change = receive(order, id);
    expect(change.set.status).toBeUndefined();
    expect(names(change)).toEqual(["order.returned"]);
    expect(told(change)).toMatchObject([
      { returnId: id, lines: lines(["CUP", 1], ["MUG", 2]), amount: euros(1100), restock: true, complete: false },
    ]);
  });

  test("may be less than was asked for, and never more or something else", () => {
    const [order, id] = ask(createSent(), ["MUG", 2], ["CUP", 1]);
    expect(told(receive(order, id, lines(["MUG", 1]), false))).toMatchObject([
      { lines: lines(["MUG", 1]), amount: euros(100), restock: false },
    ]);
    expect(refusalOf(() => receive(order, id, lines(["MUG", 3], ["HAT", 1])))).toEqual([
      ["lines.0.quantity", "of MUG 2 should come back"],
      ["lines.1.quantity", "of HAT 0 should come back"],
    ]);
  });

  test("to the last unit, at once or one after the other, make the order returned", () => {
    const [all, allId] = ask(createSent(), ["MUG", 3], ["CUP", 2]);
    expect(receive(all, allId).set.status).toBe("returned");
    let order = createSent();
    for (const sku of ["MUG", "CUP", "MUG", "CUP"]) {
      const [asked, id] = ask(order, [sku, 1]);
      order = after(asked, receive(asked, id));
      expect(order.status).toBe("fulfilled");
    }
    const [asked, id] = ask(order, ["MUG", 1]);
    const last = receive(asked, id);
    expect(last.set.status).toBe("returned");
    expect(told(last)).toMatchObject([{ complete: true, amount: euros(100) }]);
    expect(() => request(after(asked, last), lines(["MUG", 1]))).toThrow(rule.NotReturnableError);
  });

  test("do not make an order returned of which the rest is still to be sent", () => {
    const [order, id] = ask(send(createPaidItem(), lines(["MUG", 3])), ["MUG", 3]);
    const back = after(order, receive(order, id));
    expect(back.status).toBe("confirmed");
    const [sent, lastId] = ask(send(back), ["CUP", 2]);
    expect(sent.status).toBe("fulfilled");
    expect(receive(sent, lastId).set.status).toBe("returned");
  });
});

describe("a return that was declined", () => {
  test("is told, and nothing is refunded", () => {
    const [order, id] = ask(createSent(), ["MUG", 3], ["CUP", 2]);
    const change = decline(order, id);
    expect(names(change)).toEqual(["order.return-declined"]);
    expect(JSON.stringify(told(change))).not.toContain("worn");
    expect(after(order, change).status).toBe("fulfilled");
  });
});

test("what was settled stays so, and what there is not can't be", () => {
  const [order, id] = ask(createSent(), ["MUG", 1]);
  for (const settled of [after(order, receive(order, id)), after(order, decline(order, id))]) {
    expect(() => receive(settled, id)).toThrow(rule.ReturnSettledError);
    expect(() => decline(settled, id)).toThrow(rule.ReturnSettledError);
  }
  expect(() => receive(order, newId("ret"))).toThrow(rule.ReturnNotFoundError);
  expect(() => decline(order, newId("ret"))).toThrow(rule.ReturnNotFoundError);
});
