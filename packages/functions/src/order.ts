import { Order } from "@cartwright/core/order";
import * as z from "zod";
import { StaffOnlyError, signedIn } from "./http/auth.ts";
import { tellReplayed, withETag } from "./http/reply.ts";
import { router } from "./http/router.ts";
import { serve } from "./http/serve.ts";
import { idempotencyKey, noBody, PageQuery, valid } from "./http/valid.ts";
import { carts } from "./order/cart.ts";
import { fulfilments } from "./order/fulfilment.ts";
import { priceList } from "./order/price-list.ts";
import { returns } from "./order/return.ts";

const byId = valid("param", z.object({ id: Order.ID }));

/** One's own orders; or, for staff, everybody's of a status, or the one of a number. */
const ListQuery = PageQuery.extend({
  status: Order.Status.optional(),
  number: Order.Number.optional(),
}).refine(
  ({ status, number, limit, cursor }) =>
    number === undefined || [status, limit, cursor].every((one) => one === undefined),
  {
    path: ["number"],
    message: "finds one order: leave out everything else",
  },
);

export const orders = router()
  .route("/", carts)
  .route("/", fulfilments)
  .route("/", returns)
  .route("/", priceList)
  .post("/orders", signedIn(), idempotencyKey(), valid("json", Order.Place), async (c) => {
    const by = { customerId: c.get("actor").userId, idempotencyKey: c.req.valid("header")["idempotency-key"] };
    const { order, replayed } = await Order.place(c.req.valid("json"), by, c.get("cause"));
    c.set("orderId", order.id);
    tellReplayed(c, replayed);
    c.header("Location", `/orders/${order.id}`);
    return withETag(c, order, 202);
  })
  .get("/orders", signedIn(), valid("query", ListQuery), async (c) => {
    const { limit = 20, cursor, status, number } = c.req.valid("query");
    const { userId, roles } = c.get("actor");
    if ((status ?? number) !== undefined && !roles.includes("staff")) throw new StaffOnlyError();
    if (number !== undefined) return c.json(await Order.listByNumber(number));
    if (status !== undefined) return c.json(await Order.listByStatus(status, { limit, cursor }));
    return c.json(await Order.list(userId, { limit, cursor }));
  })
  .get("/orders/:id", signedIn(), byId, async (c) =>
    withETag(c, await Order.fromID(c.req.valid("param").id, c.get("actor"))),
  )
  .get("/orders/:id/timeline", signedIn(), byId, async (c) =>
    c.json(await Order.timeline(c.req.valid("param").id, c.get("actor"))),
  )
  .post("/orders/:id/cancel", signedIn(), byId, idempotencyKey(), noBody(), async (c) => {
    const by = { actor: c.get("actor"), idempotencyKey: c.req.valid("header")["idempotency-key"] };
    const { id } = c.req.valid("param");
    const { cancellation, replayed } = await Order.requestCancellation(id, by, c.get("cause"));
    c.set("orderId", id);
    tellReplayed(c, replayed);
    c.header("Location", `/orders/${id}`);
    return c.json(cancellation, 202);
  });

export const handler = serve(orders);
