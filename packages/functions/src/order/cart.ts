import type { Actor } from "@cartwright/core/actor";
import { Order } from "@cartwright/core/order";
import { Sku } from "@cartwright/events";
import { type Context, Hono } from "hono";
import * as z from "zod";
import { maybeSignedIn, signedIn } from "../http/auth.ts";
import { withETag } from "../http/reply.ts";
import type { Env } from "../http/router.ts";
import { ifMatch, noBody, valid } from "../http/valid.ts";

const { Cart } = Order;

const byId = valid("param", z.object({ id: Cart.ID }));
const byLine = valid("param", z.object({ id: Cart.ID, sku: Sku }));

const create = valid("json", Cart.Create);

/** As `create`, of which all may be left out. */
const maybeCreate: typeof create = async function withoutBody(c, next) {
  if ((await c.req.text()).trim() !== "") return create(c, next);
  c.req.addValidatedData("json", {});
  await next();
};

/** A part of the orders' router. A guest's cart is used by whoever knows its id, so that no log line may tell it. */
export const carts = new Hono<Env>()
  .post("/carts", maybeSignedIn(), maybeCreate, async (c) => {
    const { cart, isNew } = await Cart.open(c.req.valid("json"), callerOf(c));
    c.header("Location", `/carts/${cart.id}`);
    return withETag(c, cart, isNew ? 201 : 200);
  })
  .get("/carts/:id", maybeSignedIn(), byId, async (c) =>
    withETag(c, await Cart.fromID(c.req.valid("param").id, callerOf(c))),
  )
  .put("/carts/:id/lines/:sku", maybeSignedIn(), byLine, ifMatch(), valid("json", Cart.SetLine), async (c) => {
    const { id, sku } = c.req.valid("param");
    const by = { actor: callerOf(c), expectedVersion: c.req.valid("header")["if-match"] };
    return withETag(c, await Cart.setLine(id, { sku, ...c.req.valid("json") }, by));
  })
  .delete("/carts/:id/lines/:sku", maybeSignedIn(), byLine, ifMatch(), noBody(), async (c) => {
    const { id, sku } = c.req.valid("param");
    const by = { actor: callerOf(c), expectedVersion: c.req.valid("header")["if-match"] };
    return withETag(c, await Cart.removeLine(id, sku, by));
  })
  .post("/carts/:id/merge", signedIn(), byId, noBody(), async (c) => {
    const cart = await Cart.merge(c.req.valid("param").id, c.get("actor"));
    c.header("Location", `/carts/${cart.id}`);
    return withETag(c, cart);
  });

/** A guest is nobody that we know. */
function callerOf(c: Context<Env>): Actor | undefined {
  return c.get("actor");
}
