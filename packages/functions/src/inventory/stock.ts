import { Inventory } from "@cartwright/core/inventory";
import { Sku } from "@cartwright/events";
import { Hono } from "hono";
import * as z from "zod";
import { staff } from "../http/auth.ts";
import { publiclyCached } from "../http/cached.ts";
import { requester, tellReplayed, withETag } from "../http/reply.ts";
import type { Env } from "../http/router.ts";
import { idempotencyKey, ifMatch, PageQuery, valid } from "../http/valid.ts";

const bySku = valid("param", z.object({ sku: Sku }));

/** A part of the inventory's router: what is there of a product, and why. */
export const stock = new Hono<Env>()
  .get("/products/:sku/availability", publiclyCached({ maximumAgeSeconds: 10 }), bySku, async (c) =>
    c.json(await Inventory.availabilityFromSku(c.req.valid("param").sku)),
  )
  .get("/products/:sku/stock", staff(), bySku, async (c) =>
    withETag(c, await Inventory.stockFromSku(c.req.valid("param").sku)),
  )
  .patch("/products/:sku/stock", staff(), bySku, ifMatch(), valid("json", Inventory.ConfigureStock), async (c) => {
    const expectedVersion = c.req.valid("header")["if-match"];
    const { sku } = c.req.valid("param");
    return withETag(c, await Inventory.configureStock(sku, c.req.valid("json"), expectedVersion, c.get("cause")));
  })
  .get("/products/:sku/stock-movements", staff(), bySku, valid("query", PageQuery), async (c) => {
    const { limit = 20, cursor } = c.req.valid("query");
    return c.json(await Inventory.movements(c.req.valid("param").sku, { limit, cursor }));
  })
  .post(
    "/products/:sku/stock-adjustments",
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
