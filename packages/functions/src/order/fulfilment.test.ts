import { Order } from "@cartwright/core/order";
import { newId } from "@cartwright/events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { orders } from "../order.ts";
import { call, key } from "../test/call.ts";
import { cups, expectOnce, mugs, type Shop, startShop } from "./test/fixture.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop.stop());

describe("sending an order", () => {
  const tracking = { carrier: "DHL", number: "0034 0434-16", url: "https://www.dhl.de/track?id=1" };

  test("is answered 201 with what was sent, and the order shows each part", async () => {
    const id = await shop.createPaid();
    const first = await expectOnce(shop, `/orders/${id}/fulfilments`, { lines: cups(1), tracking }, { lines: cups(1) });
    expect(first).toMatchObject({ status: 201, json: { lines: cups(1), tracking } });
    expect(first.headers.get("Location")).toBe(`/orders/${id}`);
    expect(await shop.read(`/orders/${id}`)).toMatchObject({ status: "confirmed", fulfilments: [first.json] });
    const last = await shop.post(`/orders/${id}/fulfilments`, {});
    expect(last.json).toMatchObject({ lines: [...cups(1), ...mugs(1)] });
    const order = await shop.read(`/orders/${id}`);
    expect(order).toMatchObject({ status: "fulfilled", fulfilments: [first.json, last.json], backordered: [] });
    const again = await shop.post(`/orders/${id}/fulfilments`, {});
    expect(again).toMatchObject({ status: 409, json: { code: "order_not_fulfillable" } });
  });

  test("is for staff alone, also of one's own order", async () => {
    const id = await shop.createPaid();
    expect(await shop.post(`/orders/${id}/fulfilments`, {}, shop.customer)).toMatchObject({
      ...{ status: 403, json: { code: "staff_only" } },
    });
    expect((await shop.post(`/orders/${id}/fulfilments`, {}, "")).status).toBe(401);
    expect(await shop.post(`/orders/${newId("ord")}/fulfilments`, {})).toMatchObject({
      ...{ status: 404, json: { code: "order_not_found" } },
    });
  });

  test("that is not paid, or is being cancelled, is 409; and one that is sent can't be cancelled", async () => {
    const placed = await shop.createPlaced();
    expect((await shop.post(`/orders/${placed}/fulfilments`, {})).json.code).toBe("order_not_fulfillable");
    const id = await shop.createPaid();
    await call(orders, "POST", `/orders/${id}/cancel`, { token: shop.customer, headers: key() });
    expect((await shop.post(`/orders/${id}/fulfilments`, {})).status).toBe(409);
    const sent = await shop.createSent();
    const cancelled = await call(orders, "POST", `/orders/${sent}/cancel`, { token: shop.customer, headers: key() });
    expect(cancelled).toMatchObject({ status: 409, json: { code: "order_not_cancellable" } });
  });

  test("of more than is left is 409, and says which lines", async () => {
    const id = await shop.createPaid();
    const answer = await shop.post(`/orders/${id}/fulfilments`, { lines: [...mugs(1), ...cups(3), ...mugs(1)] });
    expect(answer).toMatchObject({
      status: 409,
      json: { code: "order_not_fulfillable", errors: [{ path: "lines.0.quantity" }, { path: "lines.1.quantity" }] },
    });
  });

  test("leaves behind what is still to come, which the order shows", async () => {
    const id = await shop.createPaid();
    await Order.recordOwed(id, { lines: cups(2), sequence: 2 });
    expect(await shop.read(`/orders/${id}`)).toMatchObject({ backordered: cups(2) });
    expect((await shop.post(`/orders/${id}/fulfilments`, {})).json).toMatchObject({ lines: mugs(1) });
    expect((await shop.post(`/orders/${id}/fulfilments`, {})).status).toBe(409);
  });

  test.each<[string, unknown, string[]]>([
    ["of no lines", { lines: [] }, ["lines"]],
    ["of nothing", { lines: cups(0) }, ["lines.0.quantity"]],
    ["with a price", { lines: [{ ...cups(1)[0], unitPrice: 1 }] }, ["lines.0.unitPrice"]],
    ["with a carrier alone", { tracking: { carrier: "DHL" } }, ["tracking.number"]],
    ["with a number that is none", { tracking: { ...tracking, number: "<b>" } }, ["tracking.number"]],
    ["with a page that is not safe", { tracking: { ...tracking, url: "http://dhl.de/" } }, ["tracking.url"]],
    ["with a page that is a script", { tracking: { ...tracking, url: "javascript:alert(1)" } }, ["tracking.url"]],
    [
      "with a page of someone in disguise",
      { tracking: { ...tracking, url: "https://dhl.de@e.vil/" } },
      ["tracking.url"],
    ],
    ["with more than it takes", { note: "x", tracking: { ...tracking, weight: 1 } }, ["note", "tracking.weight"]],
  ])("%s is 400, with paths", async (_, body, paths) => {
    const answer = await shop.post(`/orders/${newId("ord")}/fulfilments`, body);
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request" } });
    expect([...new Set(answer.json.errors!.map(({ path }) => path))].sort()).toEqual(paths);
  });
});

test("a fulfilment takes a key, an id and a body", async () => {
  const path = `/orders/${newId("ord")}/fulfilments`;
  const keyless = await shop.post(path, {}, shop.staff, {});
  expect(keyless).toMatchObject({ status: 400, json: { code: "idempotency_key_required" } });
  expect(await shop.post("/orders/ord_1/fulfilments", {})).toMatchObject({
    status: 400,
    json: { errors: [{ path: "id" }] },
  });
  for (const none of ["", "[]", "null", "{"]) expect((await shop.post(path, none)).status).toBe(400);
});
