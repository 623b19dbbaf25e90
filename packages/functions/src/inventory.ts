import { Inventory } from "@cartwright/core/inventory";
import { Sku } from "@cartwright/events";
import * as z from "zod";
import { maybeSignedIn, staff } from "./http/auth.ts";
import { publiclyCached } from "./http/cached.ts";
import { answers, answersPage, operation } from "./http/describe.ts";
import { limitCallers } from "./http/limit.ts";
import { withETag } from "./http/reply.ts";
import { router } from "./http/router.ts";
import { serve } from "./http/serve.ts";
import { ifMatch, PageQuery, valid } from "./http/valid.ts";
import { stock } from "./inventory/stock.ts";

const bySku = valid("param", z.object({ sku: Sku }));

const BrowseQuery = PageQuery.extend({
  category: Inventory.Info.shape.category.describe("Only what is in this category."),
  prefix: z.string().max(200).optional().describe("What titles begin with, whatever their case and accents."),
});

export const inventory = router(limitCallers("inventory"))
  .get(
    "/products",
    operation({
      id: "listProducts",
      summary: "List products",
      description: "By title. An answer may be a minute old.",
      answers: { 200: answersPage("A page of published products.", Inventory.Info) },
      problems: { 400: ["invalid_cursor"] },
    }),
    publiclyCached({ maximumAgeSeconds: 60 }),
    valid("query", BrowseQuery),
    async (c) => {
      const { limit = 20, ...browse } = c.req.valid("query");
      return c.json(await Inventory.list({ limit, ...browse }));
    },
  )
  .get(
    "/products/:sku",
    operation({
      id: "getProduct",
      summary: "Get a product",
      description: "By its own SKU or that of a variant. Staff see drafts and retired products as well.",
      answers: { 200: answers("The product.", Inventory.Info, "ETag") },
      problems: { 404: ["product_not_found"] },
    }),
    publiclyCached({ maximumAgeSeconds: 30 }),
    maybeSignedIn(),
    bySku,
    async (c) => {
      const isStaff = c.get("actor")?.roles.includes("staff") ?? false;
      return withETag(c, await Inventory.fromSku(c.req.valid("param").sku, { staff: isStaff }));
    },
  )
  .post(
    "/products",
    operation({
      id: "createProduct",
      summary: "Create a product",
      description: "With `prices` if it is of one kind, or with `variants`. Published unless `status` says otherwise.",
      answers: { 201: answers("The product.", Inventory.Info, "ETag", "Location") },
      problems: { 400: ["invalid_variants", "too_large"], 409: ["product_exists"] },
      example: {
        sku: "BOWL",
        title: "Stoneware bowl",
        category: "bowls",
        variants: [
          { sku: "BOWL-BLUE", options: { colour: "blue" }, prices: [{ amount: 1890, currency: "EUR" }] },
          { sku: "BOWL-SAND", options: { colour: "sand" }, prices: [{ amount: 1890, currency: "EUR" }] },
        ],
      },
    }),
    staff(),
    valid("json", Inventory.Create),
    async (c) => {
      const product = await Inventory.create(c.req.valid("json"), c.get("cause"));
      c.header("Location", `/products/${product.sku}`);
      return withETag(c, product, 201);
    },
  )
  .patch(
    "/products/:sku",
    operation({
      id: "updateProduct",
      summary: "Update a product",
      description: "Fields that are left out stay as they are; `null` takes a description or a category away.",
      answers: { 200: answers("The product as it is now.", Inventory.Info, "ETag") },
      problems: {
        400: ["invalid_variants", "too_large"],
        404: ["product_not_found"],
        409: ["illegal_transition", "product_exists"],
      },
      example: { description: "Thrown by hand, and glazed twice." },
    }),
    staff(),
    bySku,
    ifMatch(),
    valid("json", Inventory.Update),
    async (c) => {
      const expectedVersion = c.req.valid("header")["if-match"];
      const { sku } = c.req.valid("param");
      return withETag(c, await Inventory.update(sku, c.req.valid("json"), expectedVersion, c.get("cause")));
    },
  )
  .route("/", stock);

export const handler = serve(inventory);
