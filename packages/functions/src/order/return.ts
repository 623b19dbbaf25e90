import { Order } from "@cartwright/core/order";
import { type Context, Hono } from "hono";
import * as z from "zod";
import { signedIn, staff } from "../http/auth.ts";
import { requester, tellReplayed } from "../http/reply.ts";
import type { Env } from "../http/router.ts";
import { idempotencyKey, valid } from "../http/valid.ts";

const byId = valid("param", z.object({ id: Order.ID }));
const byReturn = valid("param", z.object({ id: Order.ID, returnId: Order.Return.shape.id }));

/** A part of the orders' router: what customers send back, and what becomes of it. */
export const returns = new Hono<Env>()
  .post("/orders/:id/returns", signedIn(), byId, idempotencyKey(), valid("json", Order.RequestReturn), async (c) => {
    const by = { actor: c.get("actor"), idempotencyKey: c.req.valid("header")["idempotency-key"] };
    const { id } = c.req.valid("param");
    const { given, replayed } = await Order.requestReturn(id, c.req.valid("json"), by, c.get("cause"));
    tellOfOrder(c, id, replayed);
    return c.json(given, 201);
  })
  .post(
    "/orders/:id/returns/:returnId/receive",
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

/** A return is read with its order. */
function tellOfOrder(c: Context<Env>, orderId: string, replayed: boolean): void {
  c.set("orderId", orderId);
  tellReplayed(c, replayed);
  c.header("Location", `/orders/${orderId}`);
}
