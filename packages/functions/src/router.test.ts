import { Order } from "@cartwright/core/order";
import { cause, createInput, createPrice } from "@cartwright/core/test/order";
import { createEvent, newId, OrderPaid } from "@cartwright/events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inventory } from "./inventory.ts";
import { orders } from "./order.ts";
import { payments } from "./payment.ts";
import { call, key } from "./test/call.ts";
import { type Issuer, startIssuer } from "./test/issuer.ts";

let issuer: Issuer;
let customer: string;
let staff: string;

beforeAll(async () => {
  issuer = await startIssuer();
  customer = await issuer.customer();
  staff = await issuer.staff();
  await createPrice("ROUTER-CUP", 900);
});
afterAll(() => issuer.stop());

const order = (overrides: Record<string, unknown> = {}) => ({
  ...createInput({ lines: [{ sku: "ROUTER-CUP", quantity: 2 }] }),
  ...overrides,
});

/** As its checkout does. */
async function pay(orderId: string) {
  await Order.confirm(orderId, cause);
  await Order.markPaid(orderId, cause);
}

describe("placing an order", () => {
  test("is answered 202 with where to follow it", async () => {
    const answer = await call(orders, "POST", "/orders", { token: customer, body: order(), headers: key() });
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({ status: "pending", total: { amount: 1800, currency: "EUR" } });
    expect(answer.headers.get("Location")).toBe(`/orders/${answer.json.id}`);
    expect(answer.headers.get("ETag")).toBe('"1"');
    const followed = await call(orders, "GET", `/orders/${answer.json.id}`, { token: customer });
    expect(followed.json).toMatchObject({ id: answer.json.id, status: "pending" });
  });

  test("again with the same key is answered the same, and says so", async () => {
    const request = { token: customer, body: order(), headers: key() };
    const [first, second] = [
      await call(orders, "POST", "/orders", request),
      await call(orders, "POST", "/orders", request),
    ];
    expect(second.json).toEqual(first.json);
    expect(first.headers.get("Idempotent-Replayed")).toBeNull();
    expect(second.headers.get("Idempotent-Replayed")).toBe("true");
  });

  test("with a used key and another body is 422", async () => {
    const headers = key();
    await call(orders, "POST", "/orders", { token: customer, body: order(), headers });
    const body = order({ payment: { token: "tok_declined" } });
    const answer = await call(orders, "POST", "/orders", { token: customer, body, headers });
    expect(answer).toMatchObject({ status: 422, json: { code: "idempotency_key_reused" } });
  });

  test.each([
    ["without a key", {}, "idempotency_key_required"],
    ["with a key of 256 characters", { "Idempotency-Key": "k".repeat(256) }, "invalid_idempotency_key"],
  ])("%s is 400", async (_, headers, code) => {
    const answer = await call(orders, "POST", "/orders", { token: customer, body: order(), headers });
    expect(answer).toMatchObject({ status: 400, json: { code } });
  });

  test("lists every fault at once, each with its path", async () => {
    const body = {
      lines: [{ sku: "a b", quantity: -1, unitPrice: 1 }],
      payment: { token: "" },
      total: 5,
      status: "confirmed",
    };
    const answer = await call(orders, "POST", "/orders", { token: customer, body, headers: key() });
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
    const answer = await call(orders, "POST", "/orders", { token: customer, body, headers: key() });
    expect(answer.status).toBe(400);
    expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
  });

  test("a flood of unknown fields is answered with a few of them", async () => {
    const flood = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`f${index}`, 1]));
    const answer = await call(orders, "POST", "/orders", {
      token: customer,
      body: { ...order(), ...flood },
      headers: key(),
    });
    expect(answer.status).toBe(400);
    expect(answer.json.errors!.length).toBe(50);
  });

  test("a body of more than 64 KB is 413", async () => {
    const body = JSON.stringify(order({ note: "x".repeat(65 * 1024) }));
    const headers = { ...key(), "Content-Length": String(Buffer.byteLength(body)) };
    const answer = await call(orders, "POST", "/orders", { token: customer, body, headers });
    expect(answer).toMatchObject({ status: 413, json: { code: "body_too_large" } });
  });

  test("a body that does not say it is JSON is refused with what to do", async () => {
    const headers = { ...key(), "Content-Type": "text/plain" };
    const answer = await call(orders, "POST", "/orders", { token: customer, body: order(), headers });
    expect(answer).toMatchObject({ status: 400, json: { code: "expected_json" } });
  });

  test.each(["\\ud800", "\\u0000", "Ada\\uffff", "\\u001b[31m", "\\u200b", "Ada\\u202e"])(
    "an address with %s in it is refused",
    async (name) => {
      const body = JSON.stringify(order()).replace('"Ada"', `"${name}"`);
      const answer = await call(orders, "POST", "/orders", { token: customer, body, headers: key() });
      expect(answer).toMatchObject({ status: 400, json: { errors: [{ path: "shippingAddress.name" }] } });
    },
  );

  test("a product that is not for sale is named", async () => {
    const body = order({ lines: [{ sku: "NOTHING", quantity: 1 }] });
    const answer = await call(orders, "POST", "/orders", { token: customer, body, headers: key() });
    expect(answer).toMatchObject({ status: 400, json: { code: "unknown_product", errors: [{ path: "lines.0.sku" }] } });
  });
});

test("another customer's order and payment are 404, as if they did not exist", async () => {
  const placed = await call(orders, "POST", "/orders", { token: customer, body: order(), headers: key() });
  const stranger = await issuer.customer();
  const theirs = await call(orders, "GET", `/orders/${placed.json.id}`, { token: stranger });
  const nobodys = await call(orders, "GET", `/orders/${newId("ord")}`, { token: stranger });
  expect(theirs.status).toBe(404);
  expect(nobodys.status).toBe(404);
  expect(theirs.json.code).toBe(nobodys.json.code);
  const payment = await call(payments, "GET", `/payments/${placed.json.id.replace("ord", "pay")}`, { token: stranger });
  expect(payment.status).toBe(404);
});

test("staff may read any order, and find none that does not exist", async () => {
  const placed = await call(orders, "POST", "/orders", { token: customer, body: order(), headers: key() });
  const own = await call(orders, "GET", `/orders/${placed.json.id}`, { token: customer });
  const theirs = await call(orders, "GET", `/orders/${placed.json.id}`, { token: staff });
  expect(theirs).toMatchObject({ status: 200, json: own.json });
  expect(theirs.headers.get("ETag")).toBe('"1"');
  const nobodys = await call(orders, "GET", `/orders/${newId("ord")}`, { token: staff });
  expect(nobodys).toMatchObject({ status: 404, json: { code: "order_not_found" } });
});

describe("the timeline of an order", () => {
  const timeline = (id: string, token?: string) =>
    call(orders, "GET", `/orders/${id}/timeline`, token === undefined ? {} : { token });

  test("is for its owner and for staff; for others there is no such order", async () => {
    const { json } = await call(orders, "POST", "/orders", { token: customer, body: order(), headers: key() });
    const about = { subject: json.id, sequence: 2, time: new Date(), cause };
    const data = { orderId: json.id, customerId: newId("usr"), total: { amount: 1800, currency: "EUR" } };
    await Order.addToTimeline(createEvent(OrderPaid, { ...about, data }));
    const items = [{ event: "order.paid", domain: "order", text: "Order paid", undo: false }];
    expect(await timeline(json.id, customer)).toMatchObject({ status: 200, json: { items } });
    expect(await timeline(json.id, staff)).toMatchObject({ status: 200, json: { items } });
    const theirs = await timeline(json.id, await issuer.customer());
    expect(theirs).toMatchObject({ status: 404, json: { code: "order_not_found" } });
    expect((await timeline(json.id)).status).toBe(401);
  });

  test("of an order that does not exist is 404 for staff as well, and of an id that is none, 400", async () => {
    expect((await timeline(newId("ord"), staff)).status).toBe(404);
    expect((await timeline("ord_1", staff)).status).toBe(400);
  });

  test("is empty for the moment before the first event has come", async () => {
    const { json } = await call(orders, "POST", "/orders", { token: customer, body: order(), headers: key() });
    expect(await timeline(json.id, customer)).toMatchObject({ status: 200, json: { items: [] } });
  });
});

describe("cancelling an order", () => {
  const cancel = (id: string, token?: string, headers: Record<string, string> = key()) =>
    call(orders, "POST", `/orders/${id}/cancel`, { ...(token !== undefined && { token }), headers });
  const place = () => call(orders, "POST", "/orders", { token: customer, body: order(), headers: key() });

  test("is answered 202 with where to follow it, and again with the same key the same", async () => {
    const { json } = await place();
    const headers = key();
    const answer = await cancel(json.id, customer, headers);
    expect(answer).toMatchObject({
      status: 202,
      json: { orderId: json.id, status: "cancelling", reason: "customer_request" },
    });
    expect(answer.headers.get("Location")).toBe(`/orders/${json.id}`);
    expect(answer.headers.get("Idempotent-Replayed")).toBeNull();
    const again = await cancel(json.id, customer, headers);
    expect(again).toMatchObject({ status: 202, json: answer.json });
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    const followed = await call(orders, "GET", `/orders/${json.id}`, { token: customer });
    expect(followed.json).toMatchObject({ status: "pending", cancelling: true });
  });

  test("is for its owner and for staff; for others there is no such order", async () => {
    const { json } = await place();
    expect((await cancel(json.id)).status).toBe(401);
    const theirs = await cancel(json.id, await issuer.customer());
    expect(theirs).toMatchObject({ status: 404, json: { code: "order_not_found" } });
    expect(await cancel(json.id, staff)).toMatchObject({ status: 202, json: { reason: "staff_request" } });
    expect((await cancel(newId("ord"), staff)).status).toBe(404);
  });

  test("takes a key and an id", async () => {
    const { json } = await place();
    expect(await cancel(json.id, customer, {})).toMatchObject({
      status: 400,
      json: { code: "idempotency_key_required" },
    });
    expect(await cancel("ord_1", customer)).toMatchObject({ status: 400, json: { errors: [{ path: "id" }] } });
  });

  test.each([{ reason: "too late" }, "[]", "null", "{"])("takes no body such as %j, but an empty one", async (body) => {
    const { json } = await place();
    const cancelWith = (sent: unknown) =>
      call(orders, "POST", `/orders/${json.id}/cancel`, { token: customer, body: sent, headers: key() });
    expect(await cancelWith(body)).toMatchObject({ status: 400, json: { code: "unexpected_body" } });
    const followed = await call(orders, "GET", `/orders/${json.id}`, { token: customer });
    expect(followed.json).toMatchObject({ cancelling: false });
    for (const empty of ["", "{}", " {}\n"]) {
      expect(await cancelWith(empty)).toMatchObject({ status: 202, json: { status: "cancelling" } });
    }
  });

  test("of one that is cancelled already is 202, and says that it is", async () => {
    const { json } = await place();
    const headers = key();
    await cancel(json.id, customer, headers);
    await Order.cancel(json.id, cause);
    expect(await cancel(json.id, customer)).toMatchObject({ status: 202, json: { status: "cancelled" } });
    const again = await cancel(json.id, customer, headers);
    expect(again).toMatchObject({ status: 202, json: { status: "cancelling" } });
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
  });

  test("that can't be cancelled any more is 409", async () => {
    const { json } = await place();
    await pay(json.id);
    const body = { lines: [{ sku: "ROUTER-CUP", quantity: 1 }], restock: true };
    await call(orders, "POST", `/orders/${json.id}/returns`, { token: staff, body, headers: key() });
    expect(await cancel(json.id, customer)).toMatchObject({ status: 409, json: { code: "order_not_cancellable" } });
  });
});

describe("recording a return", () => {
  const lines = [{ sku: "ROUTER-CUP", quantity: 1 }];
  const restock = true;
  const comeBack = (id: string, body: unknown, token = staff, headers: Record<string, string> = key()) =>
    call(orders, "POST", `/orders/${id}/returns`, { token, body, headers });

  async function createPaid() {
    const { json } = await call(orders, "POST", "/orders", { token: customer, body: order(), headers: key() });
    await pay(json.id);
    return json.id;
  }

  test("is answered 201 with what is refunded, and again with the same key the same", async () => {
    const id = await createPaid();
    const headers = key();
    const answer = await comeBack(id, { lines, restock, reason: " too blue " }, staff, headers);
    expect(answer).toMatchObject({
      status: 201,
      json: { lines, amount: { amount: 900, currency: "EUR" }, restock: true, reason: "too blue" },
    });
    expect(answer.headers.get("Location")).toBe(`/orders/${id}`);
    const again = await comeBack(id, { reason: "too blue", restock: true, lines }, staff, headers);
    expect(again).toMatchObject({ status: 201, json: answer.json });
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    expect(await comeBack(id, { lines, restock: false }, staff, headers)).toMatchObject({
      ...{ status: 422, json: { code: "idempotency_key_reused" } },
    });
    const followed = await call(orders, "GET", `/orders/${id}`, { token: customer });
    expect(followed.json).toMatchObject({ status: "confirmed", returns: [{ id: answer.json.id }] });
  });

  test("is for staff alone, also of one's own order", async () => {
    const id = await createPaid();
    expect(await comeBack(id, { lines, restock }, customer)).toMatchObject({
      status: 403,
      json: { code: "staff_only" },
    });
    expect((await comeBack(id, { lines, restock }, "")).status).toBe(401);
    expect((await comeBack(newId("ord"), { lines, restock })).status).toBe(404);
  });

  test("of more than was bought is 409, and says which line", async () => {
    const id = await createPaid();
    const body = { lines: [...lines, { sku: "HAT", quantity: 1 }, ...lines, ...lines], restock };
    expect(await comeBack(id, body)).toMatchObject({
      status: 409,
      json: { code: "order_not_returnable", errors: [{ path: "lines.0.quantity" }, { path: "lines.1.quantity" }] },
    });
  });

  test.each<[string, unknown, string[]]>([
    ["without all that it takes", {}, ["lines", "restock"]],
    ["of no lines", { lines: [], restock }, ["lines"]],
    ["of nothing", { lines: [{ sku: "ROUTER-CUP", quantity: 0 }], restock }, ["lines.0.quantity"]],
    ["with a price", { lines: [{ ...lines[0], amount: 1 }], restock }, ["lines.0.amount"]],
    ["with an amount", { lines, restock, amount: { amount: 1, currency: "EUR" } }, ["amount"]],
    ["with a note that is none", { lines, reason: " ", restock: "yes" }, ["reason", "restock"]],
  ])("%s is 400, with paths", async (_, body, paths) => {
    const answer = await comeBack(newId("ord"), body);
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request" } });
    expect([...new Set(answer.json.errors!.map(({ path }) => path))].sort()).toEqual(paths);
  });

  test("takes a key", async () => {
    const answer = await comeBack(newId("ord"), { lines, restock }, staff, {});
    expect(answer).toMatchObject({ status: 400, json: { code: "idempotency_key_required" } });
  });
});

test("a path that no router knows is a problem too", async () => {
  const answer = await call(orders, "DELETE", "/orders", { token: customer });
  expect(answer).toMatchObject({ status: 404, json: { code: "no_such_route", instance: "/orders" } });
});

describe("staff", () => {
  const product = (sku: string) => ({ sku, title: "Cup", price: { amount: 900, currency: "EUR" } });

  test("create products, which customers may read and not create", async () => {
    const body = product(newId("req"));
    expect((await call(inventory, "POST", "/products", { token: customer, body })).status).toBe(403);
    expect((await call(inventory, "POST", "/products", { body })).status).toBe(401);
    expect((await call(inventory, "POST", "/products", { token: staff, body })).status).toBe(201);
    expect((await call(inventory, "GET", `/products/${body.sku}`)).status).toBe(200);
  });

  test("change them only in the version they have seen", async () => {
    const body = product(newId("req"));
    await call(inventory, "POST", "/products", { token: staff, body });
    const change = (headers: Record<string, string>) =>
      call(inventory, "PATCH", `/products/${body.sku}`, { token: staff, body: { title: "Mug" }, headers });
    expect(await change({})).toMatchObject({ status: 428, json: { code: "precondition_required" } });
    expect(await change({ "If-Match": '"7"' })).toMatchObject({ status: 412, json: { code: "stale_version" } });
    expect(await change({ "If-Match": "W/whatever" })).toMatchObject({ status: 400 });
    expect((await change({ "If-Match": '"1"' })).headers.get("ETag")).toBe('"2"');
  });

  test("find what shoppers don't, and are told when there is no such product", async () => {
    const body = { ...product(newId("req")), status: "draft" };
    await call(inventory, "POST", "/products", { token: staff, body });
    expect((await call(inventory, "GET", `/products/${body.sku}`)).status).toBe(404);
    expect((await call(inventory, "GET", `/products/${body.sku}`, { token: customer })).status).toBe(404);
    expect((await call(inventory, "GET", `/products/${body.sku}`, { token: staff })).status).toBe(200);
    expect((await call(inventory, "GET", "/products/NOTHING/stock", { token: staff })).status).toBe(404);
  });

  test("adjust stock once per key", async () => {
    const { sku } = product(newId("req"));
    await call(inventory, "POST", "/products", { token: staff, body: product(sku) });
    const request = { token: staff, body: { delta: 5, reason: "delivery" }, headers: key() };
    const path = `/products/${sku}/stock-adjustments`;
    expect(await call(inventory, "POST", path, request)).toMatchObject({ status: 201, json: { delta: 5 } });
    const again = await call(inventory, "POST", path, request);
    expect(again).toMatchObject({ status: 201, json: { delta: 5 } });
    const stock = await call(inventory, "GET", `/products/${sku}/stock`, { token: staff });
    expect(stock.json).toMatchObject({ onHand: 5 });
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
  });

  test.each(["EURO", "XXZ", "eur"])("a price in %s is refused", async (currency) => {
    const body = { ...product(newId("req")), price: { amount: 1, currency } };
    expect((await call(inventory, "POST", "/products", { token: staff, body })).status).toBe(400);
  });
});

test.each([
  ["garbage"],
  [["products", "garbage"]],
  [["products", {}]],
  [["products", { pk: "x" }]],
  [["products", { sku: "a#b" }]],
  [["orders", { sku: "A" }]],
])("a cursor of %j is refused", async (forged) => {
  const cursor = Buffer.from(JSON.stringify(forged)).toString("base64url");
  const answer = await call(inventory, "GET", `/products?cursor=${cursor}`);
  expect(answer).toMatchObject({ status: 400, json: { code: "invalid_cursor" } });
});

test("the catalogue is paged", async () => {
  for (let index = 0; index < 3; index++) {
    const body = { sku: newId("req"), title: "Cup", price: { amount: 900, currency: "EUR" } };
    await call(inventory, "POST", "/products", { token: staff, body });
  }
  const seen: string[] = [];
  for (let cursor = "", pages = 0; pages < 100; pages++) {
    const response = await inventory.request(`/products?limit=2${cursor && `&cursor=${cursor}`}`);
    const page = (await response.json()) as { items: { sku: string }[]; nextCursor?: string };
    seen.push(...page.items.map(({ sku }) => sku));
    if (!page.nextCursor) break;
    cursor = page.nextCursor;
  }
  expect(seen.length).toBeGreaterThanOrEqual(3);
  expect(seen).toEqual([...new Set(seen)].sort());
});
