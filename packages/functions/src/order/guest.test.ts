import { guestTokenOf } from "@cartwright/core/guest";
import { Order } from "@cartwright/core/order";
import { cause, createInput } from "@cartwright/core/test/order";
import { newId } from "@cartwright/events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { orders } from "../order.ts";
import { call, key } from "../test/call.ts";
import { type Answer, cups, type Shop, startShop } from "./test/fixture.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop.stop());

const uuidKey = () => ({ "Idempotency-Key": crypto.randomUUID() });
const asGuest = (token: string) => ({ Authorization: `Guest ${token}` });

const place = (body: unknown = createInput({ lines: cups(2) }), headers: Record<string, string> = uuidKey()) =>
  call(orders, "POST", "/orders", { body, headers }) as Promise<Answer>;

async function createGuests() {
  const { json } = await place();
  return { id: json.id, token: String(json.guestToken) };
}

/** One of which all has been sent. */
async function createSent() {
  const guest = await createGuests();
  await Order.confirm(guest.id, cause);
  await Order.markPaid(guest.id, cause);
  await shop.post(`/orders/${guest.id}/fulfilments`, {});
  return guest;
}

const read = (path: string, token: string) => call(orders, "GET", path, { headers: asGuest(token) });

const command = (path: string, token: string, body?: unknown) =>
  call(orders, "POST", path, {
    headers: { ...asGuest(token), ...key() },
    ...(body !== undefined && { body }),
  }) as Promise<Answer>;

describe("a guest who wants to be forgotten", () => {
  const forget = (id: string, token: string) =>
    orders.request(`/orders/${id}/personal-data`, { method: "DELETE", headers: asGuest(token) });

  test("takes the address out of their order, once it is sent, and nobody else's", async () => {
    const [guest, other] = [await createSent(), await createGuests()];
    expect((await forget(other.id, guest.token)).status).toBe(404);
    expect((await forget(guest.id, guest.token)).status).toBe(204);
    expect((await forget(guest.id, guest.token)).status).toBe(204);
    expect((await read(`/orders/${guest.id}`, guest.token)).json).not.toHaveProperty("shippingAddress");
    expect((await read(`/orders/${other.id}`, other.token)).json).toHaveProperty("shippingAddress");
  });
});

describe("an order without an account", () => {
  test("is the same one, however its UUID is spelt", async () => {
    const [body, key] = [createInput({ lines: cups(2) }), crypto.randomUUID()];
    const [small, capital] = [key, key.toUpperCase()].map((spelt) => place(body, { "Idempotency-Key": spelt }));
    expect((await small!).json.id).toBe((await capital!).json.id);
  });

  test("is placed, and its answer has the token that opens it", async () => {
    const answer = await place();
    expect(answer).toMatchObject({ status: 202, json: { status: "pending", total: { amount: 1800 } } });
    expect(answer.headers.get("Location")).toBe(`/orders/${answer.json.id}`);
    const followed = await read(`/orders/${answer.json.id}`, String(answer.json.guestToken));
    const { guestToken: _, ...placed } = answer.json;
    expect(followed).toMatchObject({ status: 200, json: placed });
    expect(Order.Placed.parse(answer.json)).toEqual(answer.json);
  });

  test("again with the same key is the same one, with the same token; with another body it is refused", async () => {
    const [body, headers] = [createInput({ lines: cups(2) }), uuidKey()];
    const answers = await Promise.all(Array.from({ length: 5 }, () => place(body, headers)));
    for (const { status, json } of answers) expect([status, json]).toEqual([202, answers[0]!.json]);
    const again = await place(body, headers);
    expect(again.json).toEqual(answers[0]!.json);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    const other = await place(createInput({ lines: cups(3) }), headers);
    expect(other).toMatchObject({ status: 422, json: { code: "idempotency_key_reused" } });
    expect(other.json).not.toHaveProperty("guestToken");
  });

  test("needs a key that nobody else can come upon, and says why", async () => {
    const answer = await place(undefined, key());
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_idempotency_key" } });
    expect(answer.json).toMatchObject({ detail: expect.stringMatching(/random UUID.*tells guests apart/) });
  });

  test("is not a customer's who sends the same key, whose answer has no token", async () => {
    const headers = uuidKey();
    const guests = await place(undefined, headers);
    const body = createInput({ lines: cups(2) });
    const customers = await call(orders, "POST", "/orders", { token: shop.customer, body, headers });
    expect(customers.status).toBe(202);
    expect(customers.json.id).not.toBe(guests.json.id);
    expect(customers.json).not.toHaveProperty("guestToken");
    const { json } = await call(orders, "GET", "/orders", { token: shop.customer });
    expect(JSON.stringify(json)).not.toContain(guests.json.id);
  });

  test("comes from a guest's cart too, once, and never from a customer's", async () => {
    const opened = await call(orders, "POST", "/carts", {});
    const put = { body: { quantity: 3 }, headers: { "If-Match": '"1"' } };
    await call(orders, "PUT", `/carts/${opened.json.id}/lines/FIXTURE-CUP`, put);
    const { lines: _, ...rest } = createInput();
    const [body, headers] = [{ ...rest, cartId: opened.json.id }, uuidKey()];
    const placed = await place(body, headers);
    expect(placed).toMatchObject({ status: 202, json: { total: { amount: 2700 } } });
    expect((await place(body, headers)).json).toEqual(placed.json);
    expect(await place(body)).toMatchObject({ status: 409, json: { code: "cart_ordered" } });
    const own = await call(orders, "POST", "/carts", { token: shop.customer });
    const others = await place({ ...rest, cartId: own.json.id });
    expect(others).toMatchObject({ status: 404, json: { code: "cart_not_found" } });
  });
});

describe("a guest's token", () => {
  test("opens its order: reading, timeline, cancelling", async () => {
    const { id, token } = await createGuests();
    expect(await read(`/orders/${id}`, token)).toMatchObject({ status: 200, json: { id } });
    expect(await read(`/orders/${id}/timeline`, token)).toMatchObject({ status: 200, json: { items: [] } });
    const cancelled = await command(`/orders/${id}/cancel`, token);
    expect(cancelled).toMatchObject({ status: 202, json: { status: "cancelling", reason: "customer_request" } });
  });

  test("asks to send its goods back", async () => {
    const { id, token } = await createSent();
    const answer = await command(`/orders/${id}/returns`, token, { lines: cups(1), reason: "chipped" });
    expect(answer).toMatchObject({ status: 201, json: { status: "requested", lines: cups(1) } });
    expect((await shop.read(`/orders/${id}`, shop.staff)).returns).toMatchObject([{ reason: "chipped" }]);
  });

  test("opens no other order: a guest's, a customer's, or one that there is not", async () => {
    const { token } = await createGuests();
    const others = [(await createSent()).id, await shop.createPlaced(), newId("ord")];
    for (const id of others) {
      const answers = [
        await read(`/orders/${id}`, token),
        await read(`/orders/${id}/timeline`, token),
        await command(`/orders/${id}/cancel`, token),
        await command(`/orders/${id}/returns`, token, { lines: cups(1) }),
      ];
      for (const answer of answers) expect(answer).toMatchObject({ status: 404, json: { code: "order_not_found" } });
    }
  });

  test.each([
    ["GET", "/orders", undefined],
    ["POST", "/orders", createInput({ lines: cups(1) })],
    ["POST", "/orders/:id/fulfilments", {}],
    ["POST", "/orders/:id/returns/ret_01J9ZC5Q8MXW3VT0S6K2F4B7RD/receive", { restock: true }],
    ["POST", "/orders/:id/returns/ret_01J9ZC5Q8MXW3VT0S6K2F4B7RD/decline", { reason: "no" }],
    ["POST", "/carts", undefined],
    ["GET", "/carts/crt_01J9ZC5Q8MXW3VT0S6K2F4B7RD", undefined],
    ["POST", "/carts/crt_01J9ZC5Q8MXW3VT0S6K2F4B7RD/merge", undefined],
    ["POST", "/price-list/rebuilds", undefined],
  ])("opens nothing else: %s %s is 401 and says so", async (method, path, body) => {
    const { id, token } = await createGuests();
    const headers = { ...asGuest(token), ...uuidKey() };
    const answer = await call(orders, method, path.replace(":id", id), { ...(body && { body }), headers });
    expect(answer).toMatchObject({ status: 401, json: { code: "unauthenticated" } });
    expect(answer.json).toMatchObject({ detail: expect.stringContaining("a guest's token opens its one order") });
  });

  test("that was forged, cut, spelt otherwise or sent as another kind is 401", async () => {
    const { id, token } = await createGuests();
    const [orderId, signature = ""] = token.split(".");
    const other = guestTokenOf(newId("ord")).split(".")[1];
    const sent = [
      ...[`Guest ${orderId}`, `Guest ${orderId}.`, `Guest ${orderId}.${other}`, `Guest ${token.slice(0, -1)}`],
      ...[`Guest ${token}x`, `Guest  ${token}`, "Guest", `Guest ${newId("ord")}.${signature}`],
      ...[`Bearer ${token}`, token, `Basic ${token}`],
    ];
    for (const authorization of sent) {
      const answer = await call(orders, "GET", `/orders/${id}`, { headers: { Authorization: authorization } });
      expect(answer).toMatchObject({ status: 401, json: { code: "unauthenticated" } });
    }
  });

  test("stays out of what others can do: its order is not the customer's who is signed in", async () => {
    const { id } = await createGuests();
    expect(await call(orders, "GET", `/orders/${id}`, { token: shop.customer })).toMatchObject({ status: 404 });
    expect(await call(orders, "GET", `/orders/${id}`, { token: shop.staff })).toMatchObject({ status: 200 });
    expect(await call(orders, "GET", `/orders/${id}`, {})).toMatchObject({ status: 401 });
  });
});
