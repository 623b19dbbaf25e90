import { Order } from "@cartwright/core/order";
import { Hono } from "hono";
import * as z from "zod";
import { staff } from "../http/auth.ts";
import { answers, operation } from "../http/describe.ts";
import type { Env } from "../http/router.ts";
import { noBody, PageQuery, valid } from "../http/valid.ts";

const byRebuild = valid("param", z.object({ id: Order.RebuildID }));

/** A part of the orders' router: its projection of products is made anew, and compared with the live one. */
export const priceList = new Hono<Env>()
  .post(
    "/price-list/rebuilds",
    operation({
      id: "beginPriceListRebuild",
      summary: "Begin a rebuild of the price list",
      description: "From now on all that happens is written to both lists, for a day. It replaces a rebuild before it.",
      answers: { 201: answers("The rebuild that has begun.", Order.Rebuild, "Location") },
    }),
    staff(),
    noBody(),
    async (c) => {
      const rebuild = await Order.beginRebuild();
      c.header("Location", `/price-list/rebuilds/${rebuild.id}`);
      return c.json(rebuild, 201);
    },
  )
  .post(
    "/price-list/rebuilds/:id/compare",
    operation({
      id: "comparePriceListRebuild",
      summary: "Compare a page of the two price lists, and mend the live one",
      description: "Once the archive has been replayed. Safe to repeat; a row never goes back to an older event.",
      answers: { 200: answers("What was found on this page.", Order.Compared) },
      problems: { 400: ["invalid_cursor"], 409: ["rebuild_over"] },
    }),
    staff(),
    byRebuild,
    valid("query", PageQuery),
    noBody(),
    async (c) => {
      const { limit = 100, cursor } = c.req.valid("query");
      const reader = c.get("actor").userId;
      return c.json(await Order.compareRebuild(c.req.valid("param").id, { reader, limit, cursor }));
    },
  )
  .delete(
    "/price-list/rebuilds/:id",
    operation({
      id: "endPriceListRebuild",
      summary: "End a rebuild of the price list",
      description: "Repeating it changes nothing.",
      answers: { 204: answers("It has ended, or had before.") },
    }),
    staff(),
    byRebuild,
    noBody(),
    async (c) => {
      await Order.endRebuild(c.req.valid("param").id);
      return c.body(null, 204);
    },
  );
