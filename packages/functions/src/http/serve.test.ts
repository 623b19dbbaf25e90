import { expect, test } from "vitest";
import { handler } from "../inventory.ts";

/** An event as the gateway makes it: the path is decoded. */
function createEvent(method: string, rawPath: string, overrides: Record<string, unknown> = {}) {
  return {
    version: "2.0",
    routeKey: "ANY /products/{proxy+}",
    rawPath,
    rawQueryString: "",
    headers: {},
    isBase64Encoded: false,
    requestContext: { requestId: "request", domainName: "shop.example", http: { method, path: rawPath } },
    ...overrides,
  } as unknown as Parameters<typeof handler>[0];
}

test.each(["/products/MUG#x", "/products/a\nb", "/products/MUG?x"])(
  "a path of %j names nothing else",
  async (rawPath) => {
    const answer = await handler(createEvent("GET", rawPath));
    expect(answer.statusCode).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ code: "invalid_request", errors: [{ path: "sku" }] });
  },
);

test("a token that is empty is one that is not valid, and no token is none", async () => {
  const ask = (headers: object) => handler(createEvent("GET", "/products/NO-SUCH-MUG", { headers }));
  expect((await ask({ authorization: "" })).statusCode).toBe(401);
  expect((await ask({})).statusCode).toBe(404);
});

test.each(["/products/MUG/availability", "/products/MUG/stock"])(
  "%s takes no query, so that nobody believes in one",
  async (rawPath) => {
    const answer = await handler(createEvent("GET", rawPath, { rawQueryString: "limit=1&x=2" }));
    expect(answer.statusCode).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ code: "invalid_request", errors: [{ path: "limit" }] });
  },
);

test("a GET with a body is answered as if it had none", async () => {
  const answer = await handler(createEvent("GET", "/products", { body: "{}" }));
  expect(answer.statusCode).toBe(200);
});
