import { expect, test } from "vitest";
import { createClient, ProblemError, StillPendingError } from "./index.ts";

/** A server in the place of fetch: answers each request with what the test says. */
function answering(answer: (request: Request) => Response) {
  const requests: Request[] = [];
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init);
    requests.push(request);
    return answer(request);
  };
  const client = createClient({
    baseUrl: "http://shop.example",
    token: () => "jwt",
    fetch: fetch as typeof globalThis.fetch,
  });
  return { client, requests };
}

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const order = { lines: [], shippingAddress: {}, payment: { token: "tok_ok" } } as never;

test("an order is placed with the token and a key, a new one unless it is given", async () => {
  const { client, requests } = answering(() => json({ id: "ord_1" }, 202));
  await client.orders.place(order);
  await client.orders.place(order);
  await client.orders.place(order, "mine");
  const keys = requests.map((request) => request.headers.get("idempotency-key"));
  expect(new Set(keys).size).toBe(3);
  expect(keys[2]).toBe("mine");
  expect(requests[0]!.headers.get("authorization")).toBe("Bearer jwt");
});

test("a problem becomes an error with its stable code", async () => {
  const { client } = answering(() => json({ code: "order_not_found", detail: "there is no order" }, 404));
  const error = await client.orders.get("ord_1").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ProblemError);
  expect(error).toMatchObject({ status: 404, code: "order_not_found", message: "there is no order" });
});

test("an answer that is no problem document is an error all the same", async () => {
  const { client } = answering(() => new Response("<html>Bad gateway</html>", { status: 502 }));
  await expect(client.products.list()).rejects.toMatchObject({ status: 502, code: "unknown" });
});

test("products are browsed by category and by what their titles begin with", async () => {
  const { client, requests } = answering(() => json({ items: [] }));
  await client.products.list({ category: "mugs", prefix: "stone" });
  expect(new URL(requests[0]!.url).search).toBe("?category=mugs&prefix=stone");
});

test("an order is followed past confirmed until it is paid", async () => {
  const states = [{ status: "pending" }, { status: "confirmed", paid: false }, { status: "confirmed", paid: true }];
  const { client, requests } = answering(() => json(states.shift()));
  expect(await client.orders.waitUntilSettled("ord_1", { intervalMs: 1 })).toMatchObject({ paid: true });
  expect(requests.length).toBe(3);
});

test("following ends when patience does", async () => {
  const { client } = answering(() => json({ status: "pending" }));
  const following = client.orders.waitUntilSettled("ord_1", { timeoutMs: 0, intervalMs: 1 });
  await expect(following).rejects.toThrow(StillPendingError);
});

test("a cart is changed in the version that was seen, and ordered in the place of lines", async () => {
  const { client, requests } = answering(() => json({ id: "crt_1", version: 3 }));
  const { id, version } = await client.carts.create();
  await client.carts.setLine(id, version, { sku: "MUG", quantity: 2 });
  await client.carts.removeLine(id, version, "MUG");
  await client.carts.merge(id);
  const shippingAddress = { name: "Ada", line1: "1 Loop", city: "Kiel", postalCode: "24103", country: "DE" };
  await client.orders.place({ cartId: id, shippingAddress, payment: { token: "tok_ok" } });
  expect(requests.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
    "POST /carts",
    "PUT /carts/crt_1/lines/MUG",
    "DELETE /carts/crt_1/lines/MUG",
    "POST /carts/crt_1/merge",
    "POST /orders",
  ]);
  expect(requests.map(({ headers }) => headers.get("if-match"))).toEqual([null, '"3"', '"3"', null, null]);
  expect(await requests[1]!.json()).toEqual({ quantity: 2 });
});

test("letters are asked for by what is given, and a replay is started under a key", async () => {
  const { client, requests } = answering(() => json({ items: [] }));
  await client.ops.deadLetters.of("MarkPaid", { event: "payment.captured", limit: 5 });
  await client.ops.replays.start({ subscriber: "MarkPaid", from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z" });
  expect(requests.map(({ method, url }) => `${method} ${new URL(url).pathname}${new URL(url).search}`)).toEqual([
    "GET /ops/dead-letters/MarkPaid?event=payment.captured&limit=5",
    "POST /ops/replays",
  ]);
  expect(requests[1]!.headers.get("idempotency-key")).toMatch(/^[0-9a-f-]{36}$/);
});
