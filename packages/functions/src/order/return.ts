import { Order } from "@cartwright/core/order";
import { Hono } from "hono";
import * as z from "zod";
import { signedInOrGuest, staff } from "../http/auth.ts";
import { answers, operation } from "../http/describe.ts";
import { requester } from "../http/reply.ts";
import type { Env } from "../http/router.ts";
import { idempotencyKey, valid } from "../http/valid.ts";
import { exampleLines } from "./example.ts";
import { asker, tellOfOrder } from "./reply.ts";

const byId = valid("param", z.object({ id: Order.ID }));
const byReturn = valid("param", z.object({ id: Order.ID, returnId: Order.Return.shape.id }));

const noReturn = { 404: ["order_not_found", "return_not_found"] };

/** A part of the orders' router: what customers send back, and what becomes of it. */
export const returns = new Hono<Env>()
  .post(
    "/orders/:id/returns",
    operation({
      id: "requestReturn",
      summary: "Request a return",
      description: "Goods that were sent, each unit in one return alone. Staff receive or decline it.",
      answers: { 201: answers("The return, to be settled.", Order.Return, "Location", "Idempotent-Replayed") },
      problems: { 404: ["order_not_found"], 409: ["order_not_returnable"] },
      example: { lines: exampleLines, reason: "They are smaller than they look." },
    }),
    signedInOrGuest(),
    byId,
    idempotencyKey(),
    valid("json", Order.RequestReturn),
    async (c) => {
      const { id } = c.req.valid("param");
      const { given, replayed } = await Order.requestReturn(id, c.req.valid("json"), asker(c), c.get("cause"));
      tellOfOrder(c, id, replayed);
      return c.json(given, 201);
    },
  )
  .post(
    "/orders/:id/returns/:returnId/receive",
    operation({
      id: "receiveReturn",
      summary: "Receive a return",
      description: "All of them or some; their refund and restocking follow.",
      answers: { 200: answers("The return as it is settled.", Order.Return, "Location", "Idempotent-Replayed") },
      problems: { ...noReturn, 409: ["return_not_receivable", "return_settled"] },
      example: { restock: true },
    }),
    staff(),
    byReturn,
    idempotencyKey(),
    valid("json", Order.ReceiveReturn),
    async (c) => {
      const { id, returnId } = c.req.valid("param");
      const body = c.req.valid("json");
      const { given, replayed } = await Order.receiveReturn(id, returnId, body, requester(c), c.get("cause"));
      tellOfOrder(c, id, replayed);
      return c.json(given);
    },
  )
  .post(
    "/orders/:id/returns/:returnId/decline",
    operation({
      id: "declineReturn",
      summary: "Decline a return",
      description: "They may be asked for again.",
      answers: { 200: answers("The return as it is settled.", Order.Return, "Location", "Idempotent-Replayed") },
      problems: { ...noReturn, 409: ["return_settled"] },
      example: { reason: "The seal is broken." },
    }),
    staff(),
    byReturn,
    idempotencyKey(),
    valid("json", Order.DeclineReturn),
    async (c) => {
      const { id, returnId } = c.req.valid("param");
      const body = c.req.valid("json");
      const { given, replayed } = await Order.declineReturn(id, returnId, body, requester(c), c.get("cause"));
      tellOfOrder(c, id, replayed);
      return c.json(given);
    },
  );
