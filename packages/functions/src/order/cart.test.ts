import type { Order } from "@cartwright/core/order";
import { createInput, createPrice } from "@cartwright/core/test/order";
import { newId } from "@cartwright/events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { orders } from "../order.ts";
import { call, key } from "../test/call.ts";
import { type Issuer, startIssuer } from "../test/issuer.ts";

let issuer: Issuer;

beforeAll(async () => {
  issuer = await startIssuer();
  await createPrice("CART-CUP", 900);
  await createPrice("CART-POT", 2000);
});
afterAll(() => issuer.stop());

type Answer = Awaited<ReturnType<typeof call>> & { json: Order.Cart.Info };

const request = async (method: string, path: string, options: Parameters<typeof call>[3] = {}) =>
  (await call(orders, method, path, options)) as Answer;

const open = (token?: string, body?: unknown) =>
  request("POST", "/carts", { ...(token && { token }), ...(body !== undefined && { body }) });

const match = (version: number) => ({ "If-Match": `"${version}"` });

function put({ id, version }: { id: string; version: number }, sku: string, quantity: number, token?: string) {
  const headers = match(version);
  return request("PUT", `/carts/${id}/lines/${sku}`, { ...(token && { token }), body: { quantity }, headers });
}

describe("opening a cart", () => {
  test("makes a guest a new one each time, and tells where it is", async () => {
    const [one, other] = [await open(), await open(undefined, { currency: "EUR" })];
    expect(one).toMatchObject({ status: 201, json: { lines: [], problems: [], version: 1 } });
    expect(one.headers.get("Location")).toBe(`/carts/${one.json.id}`);
    expect(one.headers.get("ETag")).toBe('"1"');
    expect(one.headers.get("Cache-Control")).toBe("no-store");
    expect(other).toMatchObject({ status: 201, json: { currency: "EUR", subtotal: { amount: 0, currency: "EUR" } } });
    expect(other.json.id).not.toBe(one.json.id);
  });

  test("answers a customer with theirs, 201 when it is new", async () => {
    const token = await issuer.customer();
    const made = await open(token);
    expect(made.status).toBe(201);
    expect(await open(token, {})).toMatchObject({ status: 200, json: made.json });
    expect((await open("nonsense")).status).toBe(401);
  });

  test.each([
    ["a currency that is none", { currency: "euro" }, 400, "invalid_request"],
    ["something else", { lines: [] }, 400, "invalid_request"],
    ["no JSON", "nothing", 400, "malformed"],
  ])("with %s is refused", async (_, body, status, code) => {
    expect(await open(undefined, body)).toMatchObject({ status, json: { code } });
  });

  test("with a body that is not said to be JSON is refused", async () => {
    const response = await orders.request("/carts", { method: "POST", body: '{"currency":"EUR"}' });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([415, "expected_json"]);
  });
});

describe("the lines of a cart", () => {
  test("are put and taken out in the version that the caller has seen", async () => {
    const { json } = await open();
    const one = await put(json, "CART-CUP", 2);
    expect(one).toMatchObject({
      status: 200,
      json: { lines: [{ sku: "CART-CUP", quantity: 2 }], subtotal: { amount: 1800, currency: "EUR" }, version: 2 },
    });
    expect(one.headers.get("ETag")).toBe('"2"');
    const two = await put(one.json, "CART-POT", 1);
    const path = `/carts/${json.id}/lines/CART-CUP`;
    const three = await request("DELETE", path, { headers: match(two.json.version) });
    expect(three).toMatchObject({ status: 200, json: { lines: [{ sku: "CART-POT" }], version: 4 } });
    expect(three.headers.get("ETag")).toBe('"4"');
    const seen = await request("GET", `/carts/${json.id}`);
    expect(seen).toMatchObject({ status: 200, json: three.json });
    expect(seen.headers.get("ETag")).toBe('"4"');
  });

  test("are not changed without a version, nor in an old one", async () => {
    const { json } = await open();
    const path = `/carts/${json.id}/lines/CART-CUP`;
    await put(json, "CART-CUP", 2);
    for (const [method, body] of [["PUT", { quantity: 1 }] as const, ["DELETE", undefined] as const]) {
      const send = (headers: Record<string, string>) => request(method, path, { ...(body && { body }), headers });
      expect(await send({})).toMatchObject({ status: 428, json: { code: "precondition_required" } });
      expect(await send(match(1))).toMatchObject({ status: 412, json: { code: "stale_version" } });
      expect(await send({ "If-Match": "*" })).toMatchObject({ status: 400, json: { code: "invalid_if_match" } });
    }
  });

  test.each<[string, unknown, string]>([
    ["none", { quantity: 0 }, "quantity"],
    ["too many", { quantity: 1000 }, "quantity"],
    ["half a one", { quantity: 1.5 }, "quantity"],
    ["no quantity", {}, "quantity"],
    ["a price", { quantity: 1, unitPrice: 1 }, "unitPrice"],
  ])("of %s are refused, with a path", async (_, body, path) => {
    const { json } = await open();
    const sent = { body, headers: match(json.version) };
    expect(await request("PUT", `/carts/${json.id}/lines/CART-CUP`, sent)).toMatchObject({
      ...{ status: 400, json: { code: "invalid_request", errors: [{ path }] } },
    });
  });

  test("are of what is for sale, in a cart that there is", async () => {
    const { json } = await open();
    expect(await put(json, "NOWHERE", 1)).toMatchObject({
      ...{ status: 400, json: { code: "unknown_product", errors: [{ path: "sku" }] } },
    });
    expect(await put({ ...json, id: newId("crt") }, "CART-CUP", 1)).toMatchObject({
      ...{ status: 404, json: { code: "cart_not_found" } },
    });
    expect(await put({ ...json, id: "crt_1" }, "CART-CUP", 1)).toMatchObject({
      ...{ status: 400, json: { errors: [{ path: "id" }] } },
    });
  });
});

describe("a customer's cart", () => {
  test("is for the customer, and for staff to look at", async () => {
    const [owner, other, staff] = [await issuer.customer(), await issuer.customer(), await issuer.staff()];
    const { json } = await open(owner);
    const path = `/carts/${json.id}`;
    expect(await put(json, "CART-CUP", 1)).toMatchObject({ status: 404, json: { code: "cart_not_found" } });
    const { status, json: filled } = await put(json, "CART-CUP", 1, owner);
    expect(status).toBe(200);
    expect((await request("GET", path)).status).toBe(404);
    expect((await request("GET", path, { token: other })).status).toBe(404);
    expect(await request("GET", path, { token: staff })).toMatchObject({ status: 200, json: filled });
    expect((await put(filled, "CART-CUP", 2, staff)).status).toBe(404);
  });
});

describe("one's own cart", () => {
  const mine = (token?: string) => request("GET", "/carts/mine", { ...(token && { token }) });

  test("is read without its id, and is not made by being read", async () => {
    const token = await issuer.customer();
    for (const _ of [1, 2]) expect(await mine(token)).toMatchObject({ status: 404, json: { code: "cart_not_found" } });
    const opened = await open(token);
    expect(opened.status).toBe(201);
    const { json: filled } = await put(opened.json, "CART-CUP", 1, token);
    const read = await mine(token);
    expect(read).toMatchObject({ status: 200, json: filled });
    expect(read.headers.get("ETag")).toBe('"2"');
    expect(read.headers.get("Cache-Control")).toBe("no-store");
  });

  test("is nothing that guests or others have", async () => {
    await open(await issuer.customer());
    expect((await mine(await issuer.customer())).status).toBe(404);
    expect((await mine(await issuer.staff())).status).toBe(404);
    expect(await mine()).toMatchObject({ status: 401, json: { code: "unauthenticated" } });
  });
});

describe("merging", () => {
  const merge = (id: string, token?: string, body?: unknown) =>
    request("POST", `/carts/${id}/merge`, { ...(token && { token }), ...(body !== undefined && { body }) });

  test("takes a guest's cart along when they sign in, however often it is asked for", async () => {
    const token = await issuer.customer();
    const { json: guests } = await put((await open()).json, "CART-CUP", 2);
    expect((await merge(guests.id)).status).toBe(401);
    const merged = await merge(guests.id, token);
    expect(merged).toMatchObject({ status: 200, json: { lines: guests.lines } });
    expect(merged.headers.get("Location")).toBe(`/carts/${merged.json.id}`);
    expect(await merge(guests.id, token)).toMatchObject({ status: 200, json: merged.json });
    expect(await open(token)).toMatchObject({ status: 200, json: merged.json });
    const path = `/carts/${guests.id}`;
    expect(await request("GET", path, { token })).toMatchObject({ status: 409, json: { code: "cart_merged" } });
    expect(await request("GET", path)).toMatchObject({ status: 404, json: { code: "cart_not_found" } });
    expect((await merge(guests.id, await issuer.customer())).status).toBe(404);
    expect(await merge(guests.id, token, { into: "mine" })).toMatchObject({
      ...{ status: 400, json: { code: "unexpected_body" } },
    });
  });
});

describe("ordering a cart", () => {
  const { lines, ...fields } = createInput();
  const order = (token: string, body: unknown, headers: Record<string, string> = key()) =>
    request("POST", "/orders", { token, body, headers });

  async function createFilled() {
    const token = await issuer.customer();
    return { token, cart: (await put((await open(token)).json, "CART-CUP", 2, token)).json };
  }

  test("is answered 202 once, and the cart is empty then", async () => {
    const { token, cart } = await createFilled();
    const body = { ...fields, cartId: cart.id };
    const headers = key();
    const placed = await order(token, body, headers);
    expect(placed).toMatchObject({ status: 202, json: { total: cart.subtotal, number: expect.any(String) } });
    const again = await order(token, body, headers);
    expect(again).toMatchObject({ status: 202, json: placed.json });
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    expect(await order(token, body)).toMatchObject({ status: 409, json: { code: "cart_ordered" } });
    expect(await request("GET", `/carts/${cart.id}`, { token })).toMatchObject({
      ...{ status: 200, json: { lines: [], orderedAs: placed.json.id } },
    });
  });

  test("is 409 after a price has changed, and names the line", async () => {
    const token = await issuer.customer();
    await createPrice("CART-HAT", 500);
    const { json: cart } = await put((await open(token)).json, "CART-HAT", 1, token);
    await createPrice("CART-HAT", 600, { sequence: 2 });
    expect(await order(token, { ...fields, cartId: cart.id })).toMatchObject({
      status: 409,
      json: { code: "cart_changed", errors: [{ path: "cart.lines.0", code: "price_changed" }] },
    });
  });

  test("takes a cart or lines, and not both", async () => {
    const { token, cart } = await createFilled();
    for (const [body, path] of [
      [fields, "lines"],
      [{ ...fields, lines, cartId: cart.id }, "cartId"],
    ] as const) {
      expect(await order(token, body)).toMatchObject({
        ...{ status: 400, json: { code: "invalid_request", errors: [{ path }] } },
      });
    }
  });
});
