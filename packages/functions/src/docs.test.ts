import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { docs, handler } from "./docs.ts";

/** What the gateway hands on, and what it would send. */
async function get(path: string, headers: Record<string, string> = {}) {
  const event = {
    version: "2.0",
    rawPath: path,
    rawQueryString: "",
    headers,
    isBase64Encoded: false,
    requestContext: { requestId: "request", domainName: "shop.example", http: { method: "GET", path } },
  };
  const answer = await handler(event as unknown as Parameters<typeof handler>[0]);
  return { ...answer, bytes: Buffer.from(answer.body, answer.isBase64Encoded ? "base64" : "utf8") };
}

test("the description says where it is served, and may be kept for minutes", async () => {
  const answer = await get("/openapi.json");
  expect(answer).toMatchObject({
    statusCode: 200,
    headers: {
      "content-type": "application/json",
      "cache-control": "public, max-age=300",
      "x-content-type-options": "nosniff",
    },
  });
  expect(JSON.parse(answer.body)).toMatchObject({ openapi: expect.stringMatching(/^3\.1/), servers: [{ url: "/" }] });
});

test.each(["/openapi.json", "/docs", "/docs/init.js", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"])(
  "%s is the same compressed, and is not sent to whoever has it",
  async (path) => {
    const [plain, compressed] = [await get(path), await get(path, { "accept-encoding": "br, gzip;q=0.5" })];
    expect(plain.headers).not.toHaveProperty("content-encoding");
    expect(compressed.headers).toMatchObject({
      "content-encoding": "gzip",
      vary: expect.stringContaining("Accept-Encoding"),
    });
    expect(gunzipSync(compressed.bytes).equals(plain.bytes)).toBe(true);
    expect(compressed.bytes.length).toBeLessThan(1_000_000);
    const etag = plain.headers?.etag ?? "";
    expect(etag).toMatch(/^W\/"[\w-]{22}"$/);
    const again = await get(path, { "if-none-match": `"other", ${etag}` });
    expect(again).toMatchObject({ statusCode: 304, body: "" });
    expect(again.headers).toMatchObject({ etag, "x-content-type-options": "nosniff" });
  },
);

test("whoever does not want it compressed gets it plain", async () => {
  expect((await get("/docs", { "accept-encoding": "gzip;q=0, identity" })).headers).not.toHaveProperty(
    "content-encoding",
  );
});

test("the page runs what we serve and nothing else, and can't be framed", async () => {
  const response = await docs.request("/docs");
  const policy = response.headers.get("Content-Security-Policy")!;
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|https?:/);
  const html = await response.text();
  expect(html).not.toMatch(/https?:\/\/|<script>|<style|\son\w+=/);
  const links = [...html.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(([, link]) => link!);
  expect(links.length).toBe(4);
  for (const link of links)
    expect((await docs.request(new URL(link, "http://shop.example/docs").pathname)).status).toBe(200);
});

test.each([
  "/docs/",
  "/docs/../package.json",
  "/docs/..%2f..%2fpackage.json",
  "/docs/package.json",
  "/docs/swagger-ui.js",
])("%s is none of the files", async (path) => {
  const answer = await get(path);
  expect(answer.statusCode).toBeOneOf([400, 404]);
  expect(JSON.parse(answer.body).code).toBeOneOf(["malformed", "no_such_route"]);
});
