import { Order } from "@cartwright/core/order";
import { Hono } from "hono";
import * as z from "zod";
import { staff } from "../http/auth.ts";
import { requester, tellReplayed } from "../http/reply.ts";
import type { Env } from "../http/router.ts";
import { idempotencyKey, valid } from "../http/valid.ts";

const byId = valid("param", z.object({ id: Order.ID }));

/** A part of the orders' router: what was handed to a carrier, which is read with the order. */
export const fulfilments = new Hono<Env>().post(
  "/orders/:id/fulfilments",
  staff(),
  byId,
  idempotencyKey(),
  valid("json", Order.Fulfil),
  async (c) => {
    const { id } = c.req.valid("param");
    const { fulfilment, replayed } = await Order.fulfil(id, c.req.valid("json"), requester(c), c.get("cause"));
    c.set("orderId", id);
    tellReplayed(c, replayed);
    c.header("Location", `/orders/${id}`);
    return c.json(fulfilment, 201);
  },
);
