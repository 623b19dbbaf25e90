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

test("a GET with a body is answered as if it had none", async () => {
  const answer = await handler(createEvent("GET", "/products", { body: "{}" }));
  expect(answer.statusCode).toBe(200);
});
