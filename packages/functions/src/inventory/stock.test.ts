import { createProduct } from "@cartwright/core/test/inventory";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inventory } from "../inventory.ts";
import { call, key } from "../test/call.ts";
import { type Issuer, startIssuer } from "../test/issuer.ts";

let issuer: Issuer;
let customer: string;
let staff: string;

beforeAll(async () => {
  issuer = await startIssuer();
  customer = await issuer.customer();
  staff = await issuer.staff();
});
afterAll(() => issuer.stop());

const get = (path: string, token = staff) => call(inventory, "GET", path, { token });

test("stock is adjusted once per key, and each adjustment is a movement", async () => {
  const sku = await createProduct(0);
  const request = { token: staff, body: { delta: 5, reason: "delivery" }, headers: key() };
  const path = `/products/${sku}/stock-adjustments`;
  const first = await call(inventory, "POST", path, request);
  expect(first).toMatchObject({ status: 201, json: { delta: 5 } });
  expect(first.headers.get("Idempotent-Replayed")).toBeNull();
  const again = await call(inventory, "POST", path, request);
  expect(again).toMatchObject({ status: 201, json: first.json });
  expect(again.headers.get("Idempotent-Replayed")).toBe("true");
  expect((await get(`/products/${sku}/stock`)).json).toMatchObject({ onHand: 5 });
  expect((await get(`/products/${sku}/stock-movements`)).json).toMatchObject({ items: [{ delta: 5 }] });
});

test("how stock is kept is changed only in the version that was seen", async () => {
  const sku = await createProduct(0);
  const configure = (headers: Record<string, string>) =>
    call(inventory, "PATCH", `/products/${sku}/stock`, { token: staff, body: { backorderLimit: 3 }, headers });
  expect(await configure({})).toMatchObject({ status: 428, json: { code: "precondition_required" } });
  const { headers } = await get(`/products/${sku}/stock`);
  const answer = await configure({ "If-Match": headers.get("ETag")! });
  expect(answer).toMatchObject({ status: 200, json: { backorderLimit: 3, version: 1 } });
  expect(answer.headers.get("ETag")).toBe('"1"');
  expect(await configure({ "If-Match": '"0"' })).toMatchObject({ status: 412, json: { code: "stale_version" } });
});

test("shoppers are told whether there is any, and caches may keep it for a moment", async () => {
  const answer = await call(inventory, "GET", `/products/${await createProduct(5)}/availability`);
  expect(answer).toMatchObject({ status: 200, json: { availability: "in_stock" } });
  expect(answer.headers.get("Cache-Control")).toBe("public, max-age=10");
});

test("stock is for staff alone, and of what there is", async () => {
  const sku = await createProduct(0);
  for (const what of ["stock", "stock-movements"]) {
    expect((await get(`/products/${sku}/${what}`, customer)).status).toBe(403);
    expect((await get(`/products/NOTHING/${what}`)).status).toBe(404);
  }
  const request = { token: customer, body: { delta: 5, reason: "delivery" }, headers: key() };
  expect((await call(inventory, "POST", `/products/${sku}/stock-adjustments`, request)).status).toBe(403);
});
