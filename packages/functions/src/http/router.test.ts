import { expect, test } from "vitest";
import * as z from "zod";
import { call } from "../test/call.ts";
import { publiclyCached } from "./cached.ts";
import { enforcing } from "./describe.ts";
import { router } from "./router.ts";
import { serve } from "./serve.ts";
import { valid } from "./valid.ts";

const Thing = z.strictObject({
  name: z.string().min(1).max(5),
  count: z.int().min(1),
  kind: z.enum(["a", "b"]),
  at: z.iso.datetime().optional(),
  items: z.array(z.strictObject({ sku: z.string() })).max(3),
});
const thing = { name: "cup", count: 1, kind: "a", items: [] };

const app = router()
  .get("/things", publiclyCached({ maximumAgeSeconds: 60 }), (c) => c.json({ items: [] }))
  .post("/things", valid("json", Thing), (c) => c.json(c.req.valid("json"), 201))
  .put(
    "/things/:id",
    enforcing({}, async (_, next) => next()),
    (c) => c.json({}),
  )
  .get("/broken", () => {
    throw new Error("with a secret");
  })
  .get("/page", (c) => {
    c.header("Content-Security-Policy", "default-src 'self'");
    return c.html("<p>");
  });

const handler = serve(app);

async function gateway(method: string, path: string) {
  const event = {
    ...{ version: "2.0", rawPath: path, rawQueryString: "", headers: {}, isBase64Encoded: false },
    requestContext: { requestId: "request", domainName: "shop.example", http: { method, path } },
  };
  const answer = await handler(event as unknown as Parameters<typeof handler>[0]);
  return {
    status: answer.statusCode,
    headers: answer.headers,
    json: answer.body ? JSON.parse(answer.body) : undefined,
  };
}

const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  app.request("/things", { method: "POST", body, headers: { "Content-Type": "application/json", ...headers } });

async function refusal(body: unknown) {
  const { json } = await call(app, "POST", "/things", { body });
  return json.errors?.map(({ path, code, message }) => [path, code, message]);
}

test.each(["/things", "/things/1?x", "/broken", "/nowhere"])("browsers make nothing of %s but data", async (path) => {
  const { headers } = await app.request(path);
  expect(Object.fromEntries(headers)).toMatchObject({
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  });
  expect([...headers.keys()]).not.toContain("server");
  expect([...headers.keys()]).not.toContain("x-powered-by");
  if (path !== "/things") expect(headers.get("Cache-Control")).toBe("no-store");
});

test("304 carries them too, and a page keeps its own policy", async () => {
  const etag = (await app.request("/things")).headers.get("ETag")!;
  const again = await app.request("/things", { headers: { "If-None-Match": etag } });
  expect(again.status).toBe(304);
  expect(again.headers.get("X-Content-Type-Options")).toBe("nosniff");
  expect(again.headers.get("X-Request-Id")).toMatch(/./);
  expect((await app.request("/page")).headers.get("Content-Security-Policy")).toBe("default-src 'self'");
});

test("a fault of ours tells nothing but the request's id", async () => {
  const { status, json } = await call(app, "GET", "/broken");
  expect(status).toBe(500);
  expect(JSON.stringify(json)).not.toContain("secret");
});

test.each([
  ["DELETE", "/things", "GET, HEAD, POST"],
  ["OPTIONS", "/things/1", "PUT"],
  ["GET", "/things/1", "PUT"],
  ["TRACE", "/things", "GET, HEAD, POST"],
  ["CONNECT", "/things", "GET, HEAD, POST"],
  ["BREW", "/things", "GET, HEAD, POST"],
])("%s %s is told what it may be", async (method, path, allow) => {
  const { status, headers, json } = await gateway(method, path);
  expect({ status, code: json.code }).toEqual({ status: 405, code: "method_not_allowed" });
  expect(headers).toMatchObject({ allow });
});

test.each(["/things/", "/", "//things", "/THINGS", "/things/1/2", "/things;x"])("%j is no route", async (path) => {
  expect(await gateway("GET", path)).toMatchObject({ status: 404, json: { code: "no_such_route" } });
});

test.each(["/things/\ud800", "/broken/../things", "/./things", "/things/.."])("%j is no path", async (path) => {
  const { status, headers, json } = await gateway("GET", path);
  expect({ status, code: json.code }).toEqual({ status: 400, code: "malformed" });
  expect(headers).toMatchObject({ "x-request-id": "request", "x-content-type-options": "nosniff" });
});

test("HEAD is GET without the body, and answers like it when there is none", async () => {
  expect(await gateway("HEAD", "/things")).toMatchObject({ status: 200, json: undefined });
  expect(await gateway("HEAD", "/nowhere")).toMatchObject({ status: 404, json: undefined });
});

test("a body in JSON arrives, whatever its type adds", async () => {
  expect((await post(JSON.stringify(thing), { "Content-Type": "application/json; charset=utf-8" })).status).toBe(201);
  expect((await post(`\ufeff${JSON.stringify(thing)}`, { "Content-Encoding": "identity" })).status).toBe(201);
});

test.each([
  ["nothing", "", {}, 400, "malformed"],
  ["half of it", '{"name":', {}, 400, "malformed"],
  ["no UTF-8", new Uint8Array([0x22, 0xff, 0x22]), {}, 400, "malformed"],
  ["a key twice", '{"name": "a", "name": "b"}', {}, 400, "duplicate_key"],
  ["64 KB of brackets", "[".repeat(65_000), {}, 400, "too_deep"],
  ["a prototype", '{"__proto__": {}}', {}, 400, "invalid_request"],
  ["another type", "{}", { "Content-Type": "text/plain" }, 415, "expected_json"],
  ["a type that begins like it", "{}", { "Content-Type": "application/jsonp" }, 415, "expected_json"],
  ["something compressed", "{}", { "Content-Encoding": "gzip" }, 415, "unsupported_encoding"],
  ["too much", `"${"x".repeat(65_536)}"`, {}, 413, "body_too_large"],
])("%s is refused", async (_, body, headers, status, code) => {
  const response = await post(body, headers);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ status, code });
});

test("faults are told in plain words", async () => {
  expect(await refusal({})).toEqual([
    ["name", "missing", "is missing"],
    ["count", "missing", "is missing"],
    ["kind", "missing", "is missing"],
    ["items", "missing", "is missing"],
  ]);
  const wrong = { name: 1, count: 1.5, kind: "c", at: "today", items: [{ sku: null }, {}, []] };
  expect(await refusal(wrong)).toEqual([
    ["name", "invalid_type", "expected text, got a number"],
    ["count", "invalid_type", "expected a whole number, got a fraction"],
    ["kind", "invalid_value", 'expected one of "a", "b"'],
    ["at", "invalid_format", "expected a time such as 2026-01-31T12:00:00Z"],
    ["items.0.sku", "invalid_type", "expected text, got null"],
    ["items.1.sku", "missing", "is missing"],
    ["items.2", "invalid_type", "expected an object, got a list"],
  ]);
  expect(await refusal({ ...thing, name: "", count: 0, items: [1, 2, 3, 4], more: 1 })).toEqual([
    ["name", "too_small", "expected at least 1 character"],
    ["count", "too_small", "expected at least 1"],
    ["items", "too_big", "expected at most 3 items"],
    ["more", "unknown_field", "there is no such field: leave it out"],
  ]);
  const { json } = await call(app, "POST", "/things", { body: "[]" });
  expect(json).toMatchObject({ detail: "the body: expected an object, got a list" });
});
