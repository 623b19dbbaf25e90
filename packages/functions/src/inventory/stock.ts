import { Inventory } from "@cartwright/core/inventory";
import { Sku } from "@cartwright/events";
import { Hono } from "hono";
import * as z from "zod";
import { staff } from "../http/auth.ts";
import { publiclyCached } from "../http/cached.ts";
import { answers, answersPage, operation } from "../http/describe.ts";
import { requester, tellReplayed, withETag } from "../http/reply.ts";
import type { Env } from "../http/router.ts";
import { idempotencyKey, ifMatch, PageQuery, valid } from "../http/valid.ts";

const bySku = valid("param", z.object({ sku: Sku }));

/** A part of the inventory's router: what is there of a product, and why. */
export const stock = new Hono<Env>()
  .get(
    "/products/:sku/availability",
    operation({
      id: "getAvailability",
      summary: "Get availability",
      description: "An answer may be ten seconds old, and promises nothing: the checkout decides.",
      answers: { 200: answers("The availability, in a word.", Inventory.Availability) },
      problems: { 404: ["product_not_found"] },
    }),
    publiclyCached({ maximumAgeSeconds: 10 }),
    bySku,
    async (c) => c.json(await Inventory.availabilityFromSku(c.req.valid("param").sku)),
  )
  .get(
    "/products/:sku/stock",
    operation({
      id: "getStock",
      summary: "Get stock",
      answers: { 200: answers("What is there, and how it is kept.", Inventory.Stock, "ETag") },
      problems: { 404: ["product_not_found"] },
    }),
    staff(),
    bySku,
    async (c) => withETag(c, await Inventory.stockFromSku(c.req.valid("param").sku)),
  )
  .patch(
    "/products/:sku/stock",
    operation({
      id: "configureStock",
      summary: "Configure stock",
      answers: { 200: answers("The stock with its new settings.", Inventory.Stock, "ETag") },
      problems: { 404: ["product_not_found"] },
      example: { lowStockAt: 5, backorderLimit: 20 },
    }),
    staff(),
    bySku,
    ifMatch(),
    valid("json", Inventory.ConfigureStock),
    async (c) => {
      const expectedVersion = c.req.valid("header")["if-match"];
      const { sku } = c.req.valid("param");
      return withETag(c, await Inventory.configureStock(sku, c.req.valid("json"), expectedVersion, c.get("cause")));
    },
  )
  .get(
    "/products/:sku/stock-movements",
    operation({
      id: "listStockMovements",
      summary: "List stock movements",
      description: "Newest first. All its deltas together are what is on hand.",
      answers: { 200: answersPage("A page of the journal.", Inventory.Movement) },
      problems: { 400: ["invalid_cursor"], 404: ["product_not_found"] },
    }),
    staff(),
    bySku,
    valid("query", PageQuery),
    async (c) => {
      const { limit = 20, cursor } = c.req.valid("query");
      return c.json(
        await Inventory.movements(c.req.valid("param").sku, { reader: c.get("actor").userId, limit, cursor }),
      );
    },
  )
  .post(
    "/products/:sku/stock-adjustments",
    operation({
      id: "adjustStock",
      summary: "Adjust stock",
      answers: { 201: answers("The correction.", Inventory.Adjustment, "Idempotent-Replayed") },
      problems: { 404: ["product_not_found"], 409: ["stock_below_zero", "unexpected_quantity"] },
      example: { delta: 24, reason: "a delivery" },
    }),
    staff(),
    bySku,
    idempotencyKey(),
    valid("json", Inventory.Adjust),
    async (c) => {
      const { sku } = c.req.valid("param");
      const { adjustment, replayed } = await Inventory.adjust(sku, c.req.valid("json"), requester(c), c.get("cause"));
      tellReplayed(c, replayed);
      return c.json(adjustment, 201);
    },
  );
