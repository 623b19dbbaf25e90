import { Order } from "@cartwright/core/order";
import * as z from "zod";
import { signedIn, staff } from "./http/auth.ts";
import { router } from "./http/router.ts";
import { serve } from "./http/serve.ts";
import { etag, idempotencyKey, noBody, PageQuery, valid } from "./http/valid.ts";

const byId = valid("param", z.object({ id: Order.ID }));

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
  .get("/orders/:id", signedIn(), byId, async (c) => {
    const order = await Order.fromID(c.req.valid("param").id, c.get("actor"));
    c.header("ETag", etag(order.version));
    return c.json(order);
  })
  .get("/orders/:id/timeline", signedIn(), byId, async (c) =>
    c.json(await Order.timeline(c.req.valid("param").id, c.get("actor"))),
  )
  .post("/orders/:id/cancel", signedIn(), byId, idempotencyKey(), noBody(), async (c) => {
    const by = { actor: c.get("actor"), idempotencyKey: c.req.valid("header")["idempotency-key"] };
    const { id } = c.req.valid("param");
    const { cancellation, replayed } = await Order.requestCancellation(id, by, c.get("cause"));
    c.set("orderId", id);
    if (replayed) c.header("Idempotent-Replayed", "true");
    c.header("Location", `/orders/${id}`);
    return c.json(cancellation, 202);
  })
  .post("/orders/:id/returns", staff(), byId, idempotencyKey(), valid("json", Order.RecordReturn), async (c) => {
    const by = { actorId: c.get("actor").userId, idempotencyKey: c.req.valid("header")["idempotency-key"] };
    const { id } = c.req.valid("param");
    const { given, replayed } = await Order.recordReturn(id, c.req.valid("json"), by, c.get("cause"));
    c.set("orderId", id);
    if (replayed) c.header("Idempotent-Replayed", "true");
    c.header("Location", `/orders/${id}`);
    return c.json(given, 201);
  });

export const handler = serve(orders);
