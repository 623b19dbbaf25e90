import { Order } from "@cartwright/core/order";
import { Hono } from "hono";
import * as z from "zod";
import { staff } from "../http/auth.ts";
import { answers, operation } from "../http/describe.ts";
import { requester } from "../http/reply.ts";
import type { Env } from "../http/router.ts";
import { idempotencyKey, valid } from "../http/valid.ts";
import { tellOfOrder } from "./reply.ts";

const byId = valid("param", z.object({ id: Order.ID }));

/** A part of the orders' router: what was handed to a carrier, which is read with the order. */
export const fulfilments = new Hono<Env>().post(
  "/orders/:id/fulfilments",
  operation({
    id: "fulfilOrder",
    summary: "Fulfil an order, whole or in part",
    description: "Those named, or all that is left and has come. With the last of them the order is `fulfilled`.",
    answers: { 201: answers("What was sent.", Order.Fulfilment, "Location", "Idempotent-Replayed") },
    problems: { 404: ["order_not_found"], 409: ["order_not_fulfillable"] },
    example: { tracking: { carrier: "DHL", number: "00340434161094042557" } },
  }),
  staff(),
  byId,
  idempotencyKey(),
  valid("json", Order.Fulfil),
  async (c) => {
    const { id } = c.req.valid("param");
    const { fulfilment, replayed } = await Order.fulfil(id, c.req.valid("json"), requester(c), c.get("cause"));
    tellOfOrder(c, id, replayed);
    return c.json(fulfilment, 201);
  },
);
