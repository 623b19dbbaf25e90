import { newId } from "@cartwright/events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inventory } from "./inventory.ts";
import { call } from "./test/call.ts";
import { type Issuer, startIssuer } from "./test/issuer.ts";

let issuer: Issuer;
let customer: string;
let staff: string;

beforeAll(async () => {
  issuer = await startIssuer();
  customer = await issuer.customer();
  staff = await issuer.staff();
});
afterAll(() => issuer.stop());

const euros = (amount: number) => [{ amount, currency: "EUR" }];

async function createProduct(overrides: Record<string, unknown> = {}): Promise<string> {
  const body = { sku: newId("req"), title: "Cup", prices: euros(900), ...overrides };
  const answer = await call(inventory, "POST", "/products", { token: staff, body });
  expect(answer.status).toBe(201);
  return body.sku;
}

const get = (path: string, headers: Record<string, string> = {}, token?: string) =>
  inventory.request(path, { headers: { ...headers, ...(token && { Authorization: `Bearer ${token}` }) } });

const change = (sku: string, body: unknown, tag = '"1"') =>
  call(inventory, "PATCH", `/products/${sku}`, { token: staff, body, headers: { "If-Match": tag } });

describe("a product of several kinds", () => {
  const kinds = (sku: string) => [
    { sku: `${sku}-B`, options: { colour: "blue" }, prices: euros(900) },
    { sku: `${sku}-S`, options: { colour: "sand" }, prices: [...euros(900), { amount: 1000, currency: "USD" }] },
  ];

  test("is answered by its own name and by that of each variant", async () => {
    const sku = newId("req");
    await createProduct({ sku, prices: undefined, variants: kinds(sku) });
    const own = await call(inventory, "GET", `/products/${sku}`);
    expect(own).toMatchObject({
      status: 200,
      json: { sku, options: [{ name: "colour", values: ["blue", "sand"] }], variants: kinds(sku) },
    });
    const byVariant = await call(inventory, "GET", `/products/${sku}-S`);
    expect(byVariant.json).toEqual(own.json);
    expect(byVariant.headers.get("ETag")).toBe('"1"');
  });

  test("is refused with the path of each fault", async () => {
    const sku = newId("req");
    const [blue, sand] = kinds(sku);
    const body = { sku, title: "Mug", variants: [blue, { ...sand, options: {} }, { ...blue, sku: `${sku}-C` }] };
    expect(await call(inventory, "POST", "/products", { token: staff, body })).toMatchObject({
      status: 400,
      json: {
        code: "invalid_variants",
        errors: [
          { path: "variants.1.options.colour", code: "missing_option" },
          { path: "variants.2.options", code: "same_options" },
        ],
      },
    });
    const strange = {
      ...body,
      variants: [{ ...blue, price: 1 }],
      price: 1,
      prices: euros(1),
      options: [{ name: "a" }],
    };
    const answer = await call(inventory, "POST", "/products", { token: staff, body: strange });
    const paths = answer.json.errors!.map(({ path }) => path).sort();
    expect(paths).toEqual(["options.0.values", "price", "variants.0.price"]);
  });

  test("that takes a name of another is 409, and says which", async () => {
    const taken = await createProduct();
    const sku = newId("req");
    const [blue, sand] = kinds(sku);
    const body = { sku, title: "Mug", variants: [blue, { ...sand, sku: taken }] };
    const answer = await call(inventory, "POST", "/products", { token: staff, body });
    expect(answer).toMatchObject({ status: 409, json: { code: "product_exists" } });
    expect(answer.json).toMatchObject({ detail: expect.stringContaining(taken) });
  });

  test("is changed by any of its names, in the version that was seen", async () => {
    const sku = newId("req");
    await createProduct({ sku, prices: undefined, variants: kinds(sku) });
    expect(await change(sku, { prices: euros(1) })).toMatchObject({
      status: 400,
      json: { errors: [{ path: "prices" }] },
    });
    const changed = await change(`${sku}-B`, { variants: kinds(sku).slice(0, 1) });
    expect(changed).toMatchObject({ status: 200, json: { sku, variants: [{ retired: false }, { retired: true }] } });
    expect(changed.headers.get("ETag")).toBe('"2"');
    expect(await change(sku, { title: "Jug" })).toMatchObject({ status: 412, json: { code: "stale_version" } });
  });
});

test("a status that can't be come to is 409; an empty change and one of the SKU are 400", async () => {
  const sku = await createProduct();
  expect(await change(sku, { status: "draft" })).toMatchObject({ status: 409, json: { code: "illegal_transition" } });
  expect((await change(sku, {})).status).toBe(400);
  expect(await change(sku, { sku: "B" })).toMatchObject({
    status: 400,
    json: { errors: [{ path: "sku" }, { path: "" }] },
  });
});

describe("caches", () => {
  const title = newId("req");
  const listing = `/products?prefix=${title}`;
  let sku: string;
  beforeAll(async () => {
    sku = await createProduct({ title });
  });

  const cases = [
    { what: "the listing", path: () => listing, seconds: 60 },
    { what: "a product", path: () => `/products/${sku}`, seconds: 30 },
  ];

  test.each(cases)("may keep $what for $seconds s, as anybody sees it", async ({ path, seconds }) => {
    const answer = await get(path());
    expect(answer.status).toBe(200);
    expect(answer.headers.get("Cache-Control")).toBe(`public, max-age=${seconds}`);
    expect(answer.headers.get("Vary")).toBe("Authorization, Origin");
    expect(answer.headers.get("ETag")).toMatch(/^"[0-9a-f]+"$/);
  });

  test.each(cases)("that have $what already are answered 304 without a body", async ({ path, seconds }) => {
    const tag = (await get(path())).headers.get("ETag")!;
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`]) {
      const answer = await get(path(), { "If-None-Match": known });
      expect(answer.status).toBe(304);
      expect(await answer.text()).toBe("");
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        ...{ etag: tag, vary: "Authorization, Origin", "cache-control": `public, max-age=${seconds}` },
        "x-request-id": expect.any(String),
      });
      expect(answer.headers.get("Content-Type")).toBeNull();
    }
    expect((await get(path(), { "If-None-Match": '"other"' })).status).toBe(200);
  });

  test.each(cases)("keep nothing of $what that is answered to somebody who has signed in", async ({ path }) => {
    for (const token of [customer, staff]) {
      const answer = await get(path(), {}, token);
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(answer.headers.get("Vary")).toBe("Authorization, Origin");
      const tag = answer.headers.get("ETag")!;
      const again = await get(path(), { "If-None-Match": tag }, token);
      expect(again.status).toBe(304);
      expect(again.headers.get("Cache-Control")).toBe("no-store");
    }
  });

  test("keep no refusal, and nothing that staff alone may see", async () => {
    const draft = await createProduct({ status: "draft" });
    for (const path of [`/products/${draft}`, "/products?limit=0", "/products?cursor=x"]) {
      const answer = await get(path, { "If-None-Match": "*" });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(answer.headers.get("ETag")).toBeNull();
    }
    expect((await get(`/products/${draft}`, {}, staff)).headers.get("Cache-Control")).toBe("no-store");
    expect((await get(`/products/${draft}`, {}, "x.y.z")).status).toBe(401);
  });

  test("ask anew after a change", async () => {
    const before = await Promise.all(cases.map(async ({ path }) => (await get(path())).headers.get("ETag")!));
    await change(sku, { prices: euros(1) });
    for (const [index, { path }] of cases.entries()) {
      const answer = await get(path(), { "If-None-Match": before[index]! });
      expect(answer.status).toBe(200);
      expect(answer.headers.get("ETag")).not.toBe(before[index]);
    }
    expect((await get(`/products/${sku}`)).headers.get("ETag")).toBe('"2"');
  });
});

describe("the listing", () => {
  test("is of a category and of a prefix, in pages", async () => {
    const prefix = newId("req");
    const category = prefix.toLowerCase().replace("_", "-");
    for (const title of ["c", "É", "b", "a"]) await createProduct({ title: `${prefix} ${title}`, category });
    await createProduct({ title: `${prefix} d` });
    const titles: string[] = [];
    for (let cursor = ""; ; ) {
      const response = await get(
        `/products?category=${category}&prefix=${prefix}%20&limit=3${cursor && `&cursor=${cursor}`}`,
      );
      const page = (await response.json()) as { items: { title: string }[]; nextCursor?: string };
      titles.push(...page.items.map(({ title }) => title.slice(prefix.length + 1)));
      if (!page.nextCursor) break;
      cursor = page.nextCursor;
    }
    expect(titles).toEqual(["a", "b", "c", "É"]);
  });

  test.each([
    ["category=Mugs%20%26%20more", "category"],
    [`prefix=${"x".repeat(201)}`, "prefix"],
    ["limit=101", "limit"],
    ["colour=blue", "colour"],
  ])("refuses ?%s", async (query, path) => {
    const answer = await call(inventory, "GET", `/products?${query}`);
    expect(answer).toMatchObject({ status: 400, json: { errors: [{ path }] } });
  });

  test.each([
    ["garbage"],
    [["products", "garbage"]],
    [["products", {}]],
    [["products", { pk: "x" }]],
    [["products", { titleKey: "a", sku: "A" }]],
    [["orders", { titleKey: "a", sku: "A" }]],
  ])("refuses a cursor of %j", async (forged) => {
    const cursor = Buffer.from(JSON.stringify(forged)).toString("base64url");
    const answer = await call(inventory, "GET", `/products?cursor=${cursor}`);
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_cursor" } });
  });
});

describe("staff", () => {
  const product = (sku: string) => ({ sku, title: "Cup", prices: euros(900) });

  test("create products, which customers may read and not create", async () => {
    const body = product(newId("req"));
    expect((await call(inventory, "POST", "/products", { token: customer, body })).status).toBe(403);
    expect((await call(inventory, "POST", "/products", { body })).status).toBe(401);
    expect((await call(inventory, "POST", "/products", { token: staff, body })).status).toBe(201);
    expect((await call(inventory, "GET", `/products/${body.sku}`)).status).toBe(200);
  });

  test("change them only in the version they have seen", async () => {
    const sku = await createProduct();
    const rename = (headers: Record<string, string>) =>
      call(inventory, "PATCH", `/products/${sku}`, { token: staff, body: { title: "Mug" }, headers });
    expect(await rename({})).toMatchObject({ status: 428, json: { code: "precondition_required" } });
    expect(await rename({ "If-Match": '"7"' })).toMatchObject({ status: 412, json: { code: "stale_version" } });
    expect(await rename({ "If-Match": "W/whatever" })).toMatchObject({ status: 400 });
    expect((await rename({ "If-Match": '"1"' })).headers.get("ETag")).toBe('"2"');
  });

  test("find what shoppers don't", async () => {
    const sku = await createProduct({ status: "draft" });
    expect((await call(inventory, "GET", `/products/${sku}`)).status).toBe(404);
    expect((await call(inventory, "GET", `/products/${sku}`, { token: customer })).status).toBe(404);
    expect((await call(inventory, "GET", `/products/${sku}`, { token: staff })).status).toBe(200);
  });

  test.each(["EURO", "XXZ", "eur"])("can't name a price in %s", async (currency) => {
    const body = { ...product(newId("req")), prices: [{ amount: 1, currency }] };
    expect((await call(inventory, "POST", "/products", { token: staff, body })).status).toBe(400);
  });
});
