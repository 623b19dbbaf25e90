import { afterAll, beforeAll, expect, test } from "vitest";
import { routes } from "./api.ts";
import { createClient, isProblem, newKey, ProblemError, StillPendingError, UnexpectedAnswerError } from "./index.ts";
import { clientOf, problem, type Server, startServer } from "./test/server.ts";

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const shippingAddress = { name: "Ada", line1: "1 Loop", city: "Kiel", postalCode: "24103", country: "DE" };
const order = { lines: [{ sku: "MUG", quantity: 1 }], shippingAddress, payment: { token: "tok_ok" } };
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const paths = () => server.asked.map(({ method, path }) => `${method} ${path}`);

test("an order is placed with the token and a key, a new one unless it is given", async () => {
  server.tell({ status: 202, body: { id: "ord_1" } });
  const client = clientOf(server);
  await client.orders.place(order);
  await client.orders.place(order, { timeoutMs: 5_000 });
  await client.orders.place(order, "mine");
  await client.orders.place(order, { idempotencyKey: "mine too" });
  const keys = server.asked.map(({ headers }) => headers["idempotency-key"]);
  expect(keys).toEqual([expect.stringMatching(uuid), expect.stringMatching(uuid), "mine", "mine too"]);
  expect(keys[0]).not.toBe(keys[1]);
  expect(server.asked[0]).toMatchObject({ headers: { authorization: "Bearer jwt" }, body: order });
});

test("public things are asked for without a token", async () => {
  server.tell({ body: { items: [] } });
  await clientOf(server).products.list({ category: "mugs", prefix: "stone ware", cursor: undefined });
  expect(paths()).toEqual(["GET /products?category=mugs&prefix=stone+ware"]);
  expect(server.asked[0]!.headers).not.toHaveProperty("authorization");
});

test("a cart is changed in the version that was seen, and ordered in the place of lines", async () => {
  server.tell({ body: { id: "crt_1", version: 3 } });
  const client = clientOf(server);
  const { id, version } = await client.carts.create();
  await client.carts.setLine(id, version, { sku: "MUG", quantity: 2 });
  await client.carts.removeLine(id, version, "MUG");
  await client.carts.merge(id);
  await client.orders.place({ cartId: id, shippingAddress, payment: { token: "tok_ok" } });
  expect(paths()).toEqual([
    "POST /carts",
    "PUT /carts/crt_1/lines/MUG",
    "DELETE /carts/crt_1/lines/MUG",
    "POST /carts/crt_1/merge",
    "POST /orders",
  ]);
  const versions = server.asked.map(({ headers }) => headers["if-match"]);
  expect(versions).toEqual([undefined, '"3"', '"3"', undefined, undefined]);
  expect(server.asked[1]!.body).toEqual({ quantity: 2 });
});

test("one's own cart is read without opening one, and undefined if there is none", async () => {
  const { carts } = clientOf(server);
  server.tell({ body: { id: "crt_1" } });
  expect(await carts.mine()).toEqual({ id: "crt_1" });
  expect(paths()).toEqual(["GET /carts/mine"]);
  server.tell(problem(404, "cart_not_found"));
  expect(await carts.mine()).toBeUndefined();
  server.tell(problem(404, "no_such_route"));
  await expect(carts.mine()).rejects.toMatchObject({ code: "no_such_route" });
});

test("a forgotten password is replaced without a token", async () => {
  const { users } = clientOf(server);
  const reset = { email: "ada@example.com", confirmationCode: "123456", password: "Correct-horse-2" };
  server.tell({ status: 202, body: { email: reset.email, confirmation: "emailed" } });
  expect(await users.requestPasswordReset(reset.email)).toMatchObject({ confirmation: "emailed" });
  expect(server.asked[0]).toMatchObject({ path: "/users/password-resets", body: { email: reset.email } });
  expect(server.asked[0]!.headers).not.toHaveProperty("authorization");
  server.tell({ status: 204, body: "" });
  expect(await users.resetPassword(reset)).toBeUndefined();
  expect(server.asked[0]).toMatchObject({ method: "POST", path: "/users/password-resets/complete", body: reset });
  expect(server.asked[0]!.headers).not.toHaveProperty("authorization");
});

test("what is part of a path stays one part of it", async () => {
  server.tell({ body: {} });
  const client = clientOf(server);
  await client.products.get("a/b?c#d");
  expect(paths()).toEqual(["GET /products/a%2Fb%3Fc%23d"]);
  for (const sku of ["", ".", ".."]) {
    await expect(client.carts.removeLine("crt_1", 1, sku)).rejects.toThrow(TypeError);
  }
  expect(server.asked).toHaveLength(1);
});

test("the API may be below a path, and a base that is no URL is told at once", async () => {
  server.tell({ body: {} });
  await clientOf(server, { baseUrl: `${server.url}/shop/?ignored#too` }).products.get("MUG");
  expect(paths()).toEqual(["GET /shop/products/MUG"]);
  expect(() => createClient({ baseUrl: "/shop" })).toThrow(TypeError);
});

test("a guest's token is sent where guests may go, and nowhere else", async () => {
  server.tell({ body: { items: [] } });
  const guest = clientOf(server).asGuest("ord_1.signed");
  await guest.orders.get("ord_1");
  await guest.payments.get("pay_1");
  await guest.products.get("MUG");
  await guest.products.list();
  const sent = server.asked.map(({ headers }) => headers.authorization);
  expect(sent).toEqual(["Guest ord_1.signed", "Guest ord_1.signed", undefined, undefined]);
});

test("a guest has the personal data of their order erased, and is not left in doubt by a lost answer", async () => {
  server.tell("drop", { status: 204, body: "" });
  expect(await clientOf(server).asGuest("ord_1.signed").orders.erasePersonalData("ord_1")).toBeUndefined();
  expect(paths()).toEqual(Array(2).fill("DELETE /orders/ord_1/personal-data"));
  expect(server.asked[1]!.headers.authorization).toBe("Guest ord_1.signed");
});

test("a problem becomes an error with its stable code", async () => {
  const errors = [{ path: "lines.0.sku", code: "unknown_product", message: "there is no such product" }];
  const body = { code: "out_of_stock", detail: "there is no more", requestId: "req_1", errors };
  server.tell({ status: 409, body, headers: { "Retry-After": "7" } });
  const error = await clientOf(server)
    .orders.get("ord_1")
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ProblemError);
  expect(error).toMatchObject({
    status: 409,
    code: "out_of_stock",
    detail: "there is no more",
    message: "there is no more",
  });
  expect(error).toMatchObject({ errors, requestId: "req_1", retryAfterSeconds: 7, problem: body });
  expect(isProblem(error)).toBe(true);
  expect(isProblem(error, "order_not_found", "product_not_found")).toBe(false);
  expect(isProblem(new Error("another"))).toBe(false);
});

test.each(["<html>Bad gateway</html>", "", "null", "42", '{"code":404,"errors":"none","detail":{}}'])(
  "an answer that is no problem document is an error all the same: %j",
  async (body) => {
    server.tell({ status: 404, body });
    await expect(clientOf(server).products.list()).rejects.toMatchObject({ status: 404, code: "unknown", errors: [] });
  },
);

test.each(["<html>Welcome to the hotel's network</html>", ""])(
  "an answer that is no JSON is not taken for one: %j",
  async (body) => {
    server.tell({ body });
    await expect(clientOf(server).products.list()).rejects.toThrow(UnexpectedAnswerError);
  },
);

test("what answers nothing is undefined", async () => {
  server.tell({ status: 204, body: "" });
  expect(await clientOf(server).priceList.endRebuild("rbl_1")).toBeUndefined();
});

test("a page of the payment is found from the API on", async () => {
  server.tell({ body: { kind: "redirect", url: "/sandbox/challenges/ch_1" } });
  const { url } = await clientOf(server).payments.action("pay_1");
  expect(url).toBe(`${server.url}/sandbox/challenges/ch_1`);
});

test("an order is followed past confirmed until it is paid, for guests as well", async () => {
  server.tell(
    { body: { status: "pending" } },
    { body: { status: "confirmed", paid: false } },
    { body: { status: "confirmed", paid: true } },
  );
  const guest = clientOf(server).asGuest("signed");
  expect(await guest.orders.waitUntilSettled("ord_1", { intervalMs: 1 })).toMatchObject({ paid: true });
  expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill("Guest signed"));
});

test("following ends when patience does, or when the caller says so", async () => {
  server.tell({ body: { status: "pending" } });
  const { orders } = clientOf(server);
  await expect(orders.waitUntilSettled("ord_1", { timeoutMs: 0 })).rejects.toThrow(StillPendingError);
  const following = orders.waitUntilSettled("ord_1", { signal: AbortSignal.abort(new Error("gone")) });
  await expect(following).rejects.toThrow("gone");
});

test("all pages are read one after the other, and no more than are needed", async () => {
  server.tellBy(({ path }) => {
    const page = Number(new URL(path, server.url).searchParams.get("cursor") ?? 0);
    return {
      body: { items: [{ id: 2 * page }, { id: 2 * page + 1 }], ...(page < 2 && { nextCursor: `${page + 1}` }) },
    };
  });
  const { orders } = clientOf(server);
  const ids: unknown[] = [];
  for await (const { id } of orders.all({ status: "pending", limit: 1000 })) ids.push(id);
  expect(ids).toEqual([0, 1, 2, 3, 4, 5]);
  expect(paths()).toEqual(["", "&cursor=1", "&cursor=2"].map((more) => `GET /orders?status=pending&limit=100${more}`));
  server.asked.length = 0;
  for await (const { id } of orders.all()) if (Number(id) === 1) break;
  expect(paths()).toEqual(["GET /orders"]);
});

test("letters are asked for by what is given, and a replay is started under a key", async () => {
  server.tell({ body: { items: [] } });
  const { ops } = clientOf(server);
  await ops.deadLetters.of("MarkPaid", { event: "payment.captured", limit: 5 });
  await ops.replays.start({ subscriber: "MarkPaid", from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z" });
  expect(paths()).toEqual(["GET /ops/dead-letters/MarkPaid?event=payment.captured&limit=5", "POST /ops/replays"]);
  expect(server.asked[1]!.headers["idempotency-key"]).toMatch(uuid);
});

test("the export has the profile, every order with its payment and timeline, and the cart if there is one", async () => {
  const answers: Record<string, unknown> = {
    "GET /users/me/export": {
      exportedAt: "now",
      user: { id: "usr_1" },
      addresses: [],
      elsewhere: [{ href: "/orders" }, { href: "/carts/mine" }, { href: "/wishes" }],
    },
    "GET /orders?limit=100": { items: [{ id: "ord_2" }], nextCursor: "more" },
    "GET /orders?limit=100&cursor=more": { items: [{ id: "ord_1" }] },
    "GET /orders/ord_2": { id: "ord_2" },
    "GET /orders/ord_1": { id: "ord_1" },
    "GET /orders/ord_2/timeline": { items: [{ text: "placed" }] },
    "GET /orders/ord_1/timeline": { items: [] },
    "GET /payments/pay_2": { id: "pay_2" },
    "GET /carts/mine": { id: "crt_1" },
  };
  server.tellBy(({ method, path }) => {
    const body = answers[`${method} ${path}`];
    return body ? { body } : problem(404, path === "/carts/mine" ? "cart_not_found" : "payment_not_found");
  });
  expect(await clientOf(server).users.export()).toEqual({
    ...{ exportedAt: "now", user: { id: "usr_1" }, addresses: [], cart: { id: "crt_1" } },
    elsewhere: [{ href: "/wishes" }],
    orders: [
      { id: "ord_2", timeline: [{ text: "placed" }], payment: { id: "pay_2" } },
      { id: "ord_1", timeline: [] },
    ],
  });
  delete answers["GET /carts/mine"];
  expect(await clientOf(server).users.export()).not.toHaveProperty("cart");
  expect(server.asked.filter(({ method }) => method !== "GET")).toEqual([]);
});

test("every operation of the API has a call", async () => {
  server.tell({ body: { status: "cancelled", items: [], elsewhere: [] } });
  for (const call of callsIn(clientOf(server))) await firstOf(call(anything, anything, anything, anything));
  const asked = server.asked.map(({ method, path }) => `${method} ${decodeURIComponent(path.split("?")[0]!)}`);
  const missing = Object.entries(routes).filter(([, route]) => !asked.includes(patternOf(route)));
  expect(missing.map(([id]) => id)).toEqual([]);
});

test("a key is a random UUID, also where browsers make none", () => {
  expect(newKey()).toMatch(uuid);
  const { randomUUID } = crypto;
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  try {
    const keys = Array.from({ length: 100 }, newKey);
    for (const key of keys) expect(key).toMatch(uuid);
    expect(new Set(keys).size).toBe(100);
  } finally {
    Object.defineProperty(crypto, "randomUUID", { value: randomUUID, configurable: true });
  }
});

/** Stands for whatever a call takes: an id, a version, a body, a query or options. */
const anything = { sku: "{}", quantity: 1, toString: () => "{}" };

type AnyCall = (...given: unknown[]) => unknown;

/** Of all domains. Those of the client itself sign in and out. */
function callsIn(client: object): AnyCall[] {
  const parts = Object.values(client).filter((part) => typeof part === "object");
  return parts.flatMap((part) => [...Object.values(part).filter(isCall), ...callsIn(part)]);
}

function isCall(part: unknown): part is AnyCall {
  return typeof part === "function";
}

/** A list is not asked for before somebody looks at it. */
async function firstOf(answer: unknown): Promise<void> {
  if (typeof answer === "object" && answer !== null && "next" in answer) await (answer as AsyncGenerator).next();
  else await answer;
}

function patternOf(route: string): string {
  const [method, path = ""] = route.split(" ");
  return `${method} ${path.replaceAll(/{\w+}/g, "{}")}`;
}
