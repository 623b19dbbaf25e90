import { Order } from "@cartwright/core/order";
import { cause, createInput } from "@cartwright/core/test/order";
import { createEvent, newId, OrderPaid } from "@cartwright/events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cups, type Shop, startShop } from "./order/test/fixture.ts";
import { orders } from "./order.ts";
import { payments } from "./payment.ts";
import { call, key } from "./test/call.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop.stop());

const order = (overrides: Record<string, unknown> = {}) => ({ ...createInput({ lines: cups(2) }), ...overrides });

describe("placing an order", () => {
  test("is answered 202 with where to follow it", async () => {
    const answer = await call(orders, "POST", "/orders", { token: shop.customer, body: order(), headers: key() });
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({ status: "pending", total: { amount: 1800, currency: "EUR" } });
    expect(answer.headers.get("Location")).toBe(`/orders/${answer.json.id}`);
    expect(answer.headers.get("ETag")).toBe('"1"');
    const followed = await call(orders, "GET", `/orders/${answer.json.id}`, { token: shop.customer });
    expect(followed.json).toMatchObject({ id: answer.json.id, status: "pending" });
  });

  test("again with the same key is answered the same, and says so", async () => {
    const request = { token: shop.customer, body: order(), headers: key() };
    const [first, second] = [
      await call(orders, "POST", "/orders", request),
      await call(orders, "POST", "/orders", request),
    ];
    expect(second.json).toEqual(first.json);
    expect(first.headers.get("Idempotent-Replayed")).toBeNull();
    expect(second.headers.get("Idempotent-Replayed")).toBe("true");
  });

  test("with the key and the body of somebody else is one's own order", async () => {
    const request = { body: order(), headers: key() };
    const other = await shop.issuer.customer();
    const theirs = await call(orders, "POST", "/orders", { token: shop.customer, ...request });
    const own = await call(orders, "POST", "/orders", { token: other, ...request });
    expect(own.status).toBe(202);
    expect(own.headers.get("Idempotent-Replayed")).toBeNull();
    expect(own.json.id).not.toBe(theirs.json.id);
    expect((await call(orders, "GET", `/orders/${own.json.id}`, { token: shop.customer })).status).toBe(404);
  });

  test("with a used key and another body is 422", async () => {
    const headers = key();
    await call(orders, "POST", "/orders", { token: shop.customer, body: order(), headers });
    const body = order({ payment: { token: "tok_declined" } });
    const answer = await call(orders, "POST", "/orders", { token: shop.customer, body, headers });
    expect(answer).toMatchObject({ status: 422, json: { code: "idempotency_key_reused" } });
  });

  test.each([
    ["without a key", {}, "idempotency_key_required"],
    ["with a key of 256 characters", { "Idempotency-Key": "k".repeat(256) }, "invalid_idempotency_key"],
  ])("%s is 400", async (_, headers, code) => {
    const answer = await call(orders, "POST", "/orders", { token: shop.customer, body: order(), headers });
    expect(answer).toMatchObject({ status: 400, json: { code } });
  });

  test("lists every fault at once, each with its path", async () => {
    const body = {
      lines: [{ sku: "a b", quantity: -1, unitPrice: 1 }],
      payment: { token: "" },
      total: 5,
      status: "confirmed",
    };
    const answer = await call(orders, "POST", "/orders", { token: shop.customer, body, headers: key() });
    expect(answer.status).toBe(400);
    const paths = answer.json.errors!.map(({ path }) => path).sort();
    expect(paths).toEqual([
      "lines.0.quantity",
      "lines.0.sku",
      "lines.0.unitPrice",
      "payment.token",
      "shippingAddress",
      "status",
      "total",
    ]);
  });

  test.each(["{", "", "null", "[]", '"text"', "1e999"])("a body of %j is 400", async (body) => {
    const answer = await call(orders, "POST", "/orders", { token: shop.customer, body, headers: key() });
    expect(answer.status).toBe(400);
    expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
  });

  test("a flood of unknown fields is answered with a few of them", async () => {
    const flood = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`f${index}`, 1]));
    const answer = await call(orders, "POST", "/orders", {
      token: shop.customer,
      body: { ...order(), ...flood },
      headers: key(),
    });
    expect(answer.status).toBe(400);
    expect(answer.json.errors!.length).toBe(50);
  });

  test("a body of more than 64 KB is 413", async () => {
    const body = JSON.stringify(order({ note: "x".repeat(65 * 1024) }));
    const headers = { ...key(), "Content-Length": String(Buffer.byteLength(body)) };
    const answer = await call(orders, "POST", "/orders", { token: shop.customer, body, headers });
    expect(answer).toMatchObject({ status: 413, json: { code: "body_too_large" } });
  });

  test("a body that does not say it is JSON is refused with what to do", async () => {
    const headers = { ...key(), "Content-Type": "text/plain" };
    const answer = await call(orders, "POST", "/orders", { token: shop.customer, body: order(), headers });
    expect(answer).toMatchObject({ status: 415, json: { code: "expected_json" } });
  });

  test.each(["\\ud800", "\\u0000", "Ada\\uffff", "\\u001b[31m", "\\u200b", "Ada\\u202e"])(
    "an address with %s in it is refused",
    async (name) => {
      const body = JSON.stringify(order()).replace('"Ada"', `"${name}"`);
      const answer = await call(orders, "POST", "/orders", { token: shop.customer, body, headers: key() });
      expect(answer).toMatchObject({ status: 400, json: { errors: [{ path: "shippingAddress.name" }] } });
    },
  );

  test("a product that is not for sale is named", async () => {
    const body = order({ lines: [{ sku: "NOTHING", quantity: 1 }] });
    const answer = await call(orders, "POST", "/orders", { token: shop.customer, body, headers: key() });
    expect(answer).toMatchObject({ status: 400, json: { code: "unknown_product", errors: [{ path: "lines.0.sku" }] } });
  });
});

test("another customer's order and payment are 404, as if they did not exist", async () => {
  const placed = await call(orders, "POST", "/orders", { token: shop.customer, body: order(), headers: key() });
  const stranger = await shop.issuer.customer();
  const theirs = await call(orders, "GET", `/orders/${placed.json.id}`, { token: stranger });
  const nobodys = await call(orders, "GET", `/orders/${newId("ord")}`, { token: stranger });
  expect(theirs.status).toBe(404);
  expect(nobodys.status).toBe(404);
  expect(theirs.json.code).toBe(nobodys.json.code);
  const payment = await call(payments, "GET", `/payments/${placed.json.id.replace("ord", "pay")}`, { token: stranger });
  expect(payment.status).toBe(404);
});

test("staff may read any order, and find none that does not exist", async () => {
  const placed = await call(orders, "POST", "/orders", { token: shop.customer, body: order(), headers: key() });
  const own = await call(orders, "GET", `/orders/${placed.json.id}`, { token: shop.customer });
  const theirs = await call(orders, "GET", `/orders/${placed.json.id}`, { token: shop.staff });
  expect(theirs).toMatchObject({ status: 200, json: own.json });
  expect(theirs.headers.get("ETag")).toBe('"1"');
  const nobodys = await call(orders, "GET", `/orders/${newId("ord")}`, { token: shop.staff });
  expect(nobodys).toMatchObject({ status: 404, json: { code: "order_not_found" } });
});

describe("the timeline of an order", () => {
  const timeline = (id: string, token?: string) =>
    call(orders, "GET", `/orders/${id}/timeline`, token === undefined ? {} : { token });

  test("is for its owner and for staff; for others there is no such order", async () => {
    const { json } = await call(orders, "POST", "/orders", { token: shop.customer, body: order(), headers: key() });
    const about = { subject: json.id, sequence: 2, time: new Date(), cause };
    const data = { orderId: json.id, customerId: newId("usr"), total: { amount: 1800, currency: "EUR" } };
    await Order.addToTimeline(createEvent(OrderPaid, { ...about, data }));
    const items = [{ event: "order.paid", domain: "order", text: "Order paid", undo: false }];
    expect(await timeline(json.id, shop.customer)).toMatchObject({ status: 200, json: { items } });
    expect(await timeline(json.id, shop.staff)).toMatchObject({ status: 200, json: { items } });
    const theirs = await timeline(json.id, await shop.issuer.customer());
    expect(theirs).toMatchObject({ status: 404, json: { code: "order_not_found" } });
    expect((await timeline(json.id)).status).toBe(401);
  });

  test("of an order that does not exist is 404 for staff as well, and of an id that is none, 400", async () => {
    expect((await timeline(newId("ord"), shop.staff)).status).toBe(404);
    expect((await timeline("ord_1", shop.staff)).status).toBe(400);
  });

  test("is empty for the moment before the first event has come", async () => {
    const { json } = await call(orders, "POST", "/orders", { token: shop.customer, body: order(), headers: key() });
    expect(await timeline(json.id, shop.customer)).toMatchObject({ status: 200, json: { items: [] } });
  });
});

describe("cancelling an order", () => {
  const cancel = (id: string, token?: string, headers: Record<string, string> = key()) =>
    call(orders, "POST", `/orders/${id}/cancel`, { ...(token !== undefined && { token }), headers });
  const place = () => call(orders, "POST", "/orders", { token: shop.customer, body: order(), headers: key() });

  test("is answered 202 with where to follow it, and again with the same key the same", async () => {
    const { json } = await place();
    const headers = key();
    const answer = await cancel(json.id, shop.customer, headers);
    expect(answer).toMatchObject({
      status: 202,
      json: { orderId: json.id, status: "cancelling", reason: "customer_request" },
    });
    expect(answer.headers.get("Location")).toBe(`/orders/${json.id}`);
    expect(answer.headers.get("Idempotent-Replayed")).toBeNull();
    const again = await cancel(json.id, shop.customer, headers);
    expect(again).toMatchObject({ status: 202, json: answer.json });
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    const followed = await call(orders, "GET", `/orders/${json.id}`, { token: shop.customer });
    expect(followed.json).toMatchObject({ status: "pending", cancelling: true });
  });

  test("is for its owner and for staff; for others there is no such order", async () => {
    const { json } = await place();
    expect((await cancel(json.id)).status).toBe(401);
    const theirs = await cancel(json.id, await shop.issuer.customer());
    expect(theirs).toMatchObject({ status: 404, json: { code: "order_not_found" } });
    expect(await cancel(json.id, shop.staff)).toMatchObject({ status: 202, json: { reason: "staff_request" } });
    expect((await cancel(newId("ord"), shop.staff)).status).toBe(404);
  });

  test("takes a key and an id", async () => {
    const { json } = await place();
    expect(await cancel(json.id, shop.customer, {})).toMatchObject({
      status: 400,
      json: { code: "idempotency_key_required" },
    });
    expect(await cancel("ord_1", shop.customer)).toMatchObject({ status: 400, json: { errors: [{ path: "id" }] } });
  });

  test.each([{ reason: "too late" }, "[]", "null", "{"])("takes no body such as %j, but an empty one", async (body) => {
    const { json } = await place();
    const cancelWith = (sent: unknown) =>
      call(orders, "POST", `/orders/${json.id}/cancel`, { token: shop.customer, body: sent, headers: key() });
    expect(await cancelWith(body)).toMatchObject({ status: 400, json: { code: "unexpected_body" } });
    const followed = await call(orders, "GET", `/orders/${json.id}`, { token: shop.customer });
    expect(followed.json).toMatchObject({ cancelling: false });
    for (const empty of ["", "{}", " {}\n"]) {
      expect(await cancelWith(empty)).toMatchObject({ status: 202, json: { status: "cancelling" } });
    }
  });

  test("of one that is cancelled already is 202, and says that it is", async () => {
    const { json } = await place();
    const headers = key();
    await cancel(json.id, shop.customer, headers);
    await Order.cancel(json.id, cause);
    expect(await cancel(json.id, shop.customer)).toMatchObject({ status: 202, json: { status: "cancelled" } });
    const again = await cancel(json.id, shop.customer, headers);
    expect(again).toMatchObject({ status: 202, json: { status: "cancelling" } });
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
  });

  test("that can't be cancelled any more is 409", async () => {
    expect(await cancel(await shop.createSent(), shop.customer)).toMatchObject({
      status: 409,
      json: { code: "order_not_cancellable" },
    });
  });
});

describe("the list of orders", () => {
  interface Listed {
    items: Order.Summary[];
    nextCursor?: string;
    code?: string;
  }
  const list = async (query: string, token = shop.staff) => {
    const { status, json } = await call(orders, "GET", `/orders${query}`, { token });
    return { status, json: json as unknown as Listed };
  };

  test("of a customer is their own, newest first, page by page, as the orders are now", async () => {
    const token = await shop.issuer.customer();
    const placed: string[] = [];
    for (let index = 0; index < 3; index++) placed.unshift(await shop.createPaid(token));
    await shop.post(`/orders/${placed[2]}/fulfilments`, {});
    const first = await list("?limit=2", token);
    expect(first.json.items).toMatchObject([{ id: placed[0], status: "confirmed" }, { id: placed[1] }]);
    expect(first.json.items[0]).not.toHaveProperty("customerId");
    const second = await list(`?limit=2&cursor=${first.json.nextCursor}`, token);
    expect(second.json).toEqual({ items: [expect.objectContaining({ id: placed[2], status: "fulfilled" })] });
    expect((await list(`?cursor=${first.json.nextCursor}`)).json.code).toBe("invalid_cursor");
  });

  test("of a status is everybody's, newest first, page by page", async () => {
    const placed: string[] = [];
    for (let index = 0; index < 5; index++) placed.unshift(await shop.createSent());
    const seen: Order.Summary[] = [];
    for (let query = "?status=fulfilled&limit=2"; !placed.every((id) => seen.some((one) => one.id === id)); ) {
      const { status, json } = await list(query);
      expect(status).toBe(200);
      seen.push(...json.items);
      query = `?status=fulfilled&limit=2&cursor=${json.nextCursor}`;
    }
    const ours = seen.filter(({ id }) => placed.includes(id));
    const newestFirst = ours.toSorted((a, b) => (`${a.createdAt}${a.id}` < `${b.createdAt}${b.id}` ? 1 : -1));
    expect(ours).toEqual(newestFirst);
    expect(ours.map(({ id }) => id).sort()).toEqual(placed.toSorted());
    const { number, total } = await shop.read(`/orders/${placed[0]}`);
    expect(ours.find(({ id }) => id === placed[0])).toMatchObject({
      ...{ number, total, status: "fulfilled", customerId: expect.stringMatching(/^usr_/) },
    });
    const { json } = await list("?status=fulfilled&limit=1");
    expect((await list(`?status=confirmed&cursor=${json.nextCursor}`)).json.code).toBe("invalid_cursor");
  });

  test("of a number is the one order, however the number is written down", async () => {
    const id = await shop.createPlaced();
    const { number } = await shop.read(`/orders/${id}`);
    for (const written of [number, number.replaceAll("-", " "), number.replaceAll("-", "")]) {
      expect((await list(`?number=${encodeURIComponent(written)}`)).json).toMatchObject({ items: [{ id, number }] });
    }
    const other = number.startsWith("0") ? "9".repeat(12) : "0".repeat(12);
    expect(await list(`?number=${other}`)).toEqual({ status: 200, json: { items: [] } });
  });

  test.each(["?status=confirmed", "?number=482109376215"])("with %s is for staff alone", async (query) => {
    expect(await list(query, shop.customer)).toMatchObject({ status: 403, json: { code: "staff_only" } });
    expect((await list(query, "")).status).toBe(401);
  });

  test.each([
    ["?status=lost", "status"],
    ["?number=1", "number"],
    ["?number=482109376215&status=pending", "number"],
    ["?number=482109376215&limit=1", "number"],
    ["?number=482109376215&placedBefore=2026-03-01T03:00:00Z", "number"],
    ["?placedBefore=2026-03-01T03:00:00Z", "placedBefore"],
    ["?status=pending&placedBefore=2026-03-01", "placedBefore"],
    ["?limit=0", "limit"],
    ["?customerId=usr_1", "customerId"],
  ])("with %s is 400", async (query, path) => {
    const { status, json } = await list(query);
    expect(status).toBe(400);
    expect(json).toMatchObject({ errors: [{ path }] });
  });
});

test("a path that no router knows is a problem too", async () => {
  const answer = await call(orders, "GET", "/orders/ord_1/nowhere", { token: shop.customer });
  expect(answer).toMatchObject({ status: 404, json: { code: "no_such_route", instance: "/orders/ord_1/nowhere" } });
});
