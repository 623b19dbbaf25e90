import { Order } from "@cartwright/core/order";
import * as z from "zod";
import { signedIn } from "./http/auth.ts";
import { router } from "./http/router.ts";
import { serve } from "./http/serve.ts";
import { etag, idempotencyKey, PageQuery, valid } from "./http/valid.ts";

export const orders = router()
  .post("/orders", signedIn(), idempotencyKey(), valid("json", Order.Place), async (c) => {
    const by = { customerId: c.get("actor").userId, idempotencyKey: c.req.valid("header")["idempotency-key"] };
    const { order, replayed } = await Order.place(c.req.valid("json"), by, c.get("cause"));
    c.set("orderId", order.id);
    if (replayed) c.header("Idempotent-Replayed", "true");
    c.header("Location", `/orders/${order.id}`);
    c.header("ETag", etag(order.version));
    return c.json(order, 202);
  })
  .get("/orders", signedIn(), valid("query", PageQuery), async (c) => {
    const { limit = 20, cursor } = c.req.valid("query");
    return c.json(await Order.list(c.get("actor").userId, { limit, cursor }));
  })
  .get("/orders/:id", signedIn(), valid("param", z.object({ id: Order.ID })), async (c) => {
    const order = await Order.fromID(c.req.valid("param").id, c.get("actor").userId);
    c.header("ETag", etag(order.version));
    return c.json(order);
  })
  .get("/orders/:id/timeline", signedIn(), valid("param", z.object({ id: Order.ID })), async (c) =>
    c.json(await Order.timeline(c.req.valid("param").id, c.get("actor"))),
  );

export const handler = serve(orders);
