import { Order } from "@cartwright/core/order";
import { Hono } from "hono";
import * as z from "zod";
import { staff } from "../http/auth.ts";
import type { Env } from "../http/router.ts";
import { noBody, PageQuery, valid } from "../http/valid.ts";

const byRebuild = valid("param", z.object({ id: Order.RebuildID }));

/** A part of the orders' router: its projection of products is made anew, and compared with the live one. */
export const priceList = new Hono<Env>()
  .post("/price-list/rebuilds", staff(), noBody(), async (c) => {
    const rebuild = await Order.beginRebuild();
    c.header("Location", `/price-list/rebuilds/${rebuild.id}`);
    return c.json(rebuild, 201);
  })
  .post("/price-list/rebuilds/:id/compare", staff(), byRebuild, valid("query", PageQuery), noBody(), async (c) => {
    const { limit = 100, cursor } = c.req.valid("query");
    return c.json(await Order.compareRebuild(c.req.valid("param").id, { limit, cursor }));
  })
  .delete("/price-list/rebuilds/:id", staff(), byRebuild, async (c) => {
    await Order.endRebuild(c.req.valid("param").id);
    return c.body(null, 204);
  });
