import { Order } from "@cartwright/core/order";
import { Sku } from "@cartwright/events";
import { Hono } from "hono";
import * as z from "zod";
import { callerOf, maybeSignedIn, signedIn } from "../http/auth.ts";
import { answers, clauseOf, enforcing, operation } from "../http/describe.ts";
import { withETag } from "../http/reply.ts";
import type { Env } from "../http/router.ts";
import { ifMatch, noBody, valid } from "../http/valid.ts";

const { Cart } = Order;

const byId = valid("param", z.object({ id: Cart.ID }));
const byLine = valid("param", z.object({ id: Cart.ID, sku: Sku }));

const create = valid("json", Cart.Create);

/** As `create`, of which all may be left out. */
const maybeCreate: typeof create = enforcing(
  { ...clauseOf(create), body: { schema: Cart.Create, mediaType: "application/json", optional: true } },
  async function withoutBody(c, next) {
    if ((await c.req.text()).trim() !== "") return create(c, next);
    c.req.addValidatedData("json", {});
    await next();
  },
);

const whose = "A guest's cart is used by whoever knows its id; a customer's one is theirs alone.";

/** A part of the orders' router. A guest's cart is used by whoever knows its id, so that no log line may tell it. */
export const carts = new Hono<Env>()
  .post(
    "/carts",
    operation({
      id: "openCart",
      summary: "Open a cart",
      description:
        "A customer's one cart, which is made if there is none; or a new one for a guest, whose id is secret.",
      answers: {
        200: answers("The cart that the customer has already.", Cart.Info, "ETag", "Location"),
        201: answers("A new cart.", Cart.Info, "ETag", "Location"),
      },
      problems: { 409: ["cart_in_other_currency"] },
      example: { currency: "EUR" },
    }),
    maybeSignedIn(),
    maybeCreate,
    async (c) => {
      const { cart, isNew } = await Cart.open(c.req.valid("json"), callerOf(c));
      c.header("Location", `/carts/${cart.id}`);
      return withETag(c, cart, isNew ? 201 : 200);
    },
  )
  .get(
    "/carts/mine",
    operation({
      id: "getOwnCart",
      summary: "Get your own cart",
      description:
        "As `GET /carts/{id}` does, without its id. It makes none where there is none: that is what opening one does.",
      answers: { 200: answers("The cart.", Cart.Info, "ETag") },
      problems: { 404: ["cart_not_found"] },
    }),
    signedIn(),
    async (c) => withETag(c, await Cart.fromCustomer(c.get("actor"))),
  )
  .get(
    "/carts/:id",
    operation({
      id: "getCart",
      summary: "Get a cart",
      description: `At today's prices. \`problems\` say what keeps it from being ordered. ${whose}`,
      answers: { 200: answers("The cart.", Cart.Info, "ETag") },
      problems: { 404: ["cart_not_found"], 409: ["cart_merged"] },
    }),
    maybeSignedIn(),
    byId,
    async (c) => withETag(c, await Cart.fromID(c.req.valid("param").id, callerOf(c))),
  )
  .put(
    "/carts/:id/lines/:sku",
    operation({
      id: "putCartLine",
      summary: "Set a line of a cart",
      description: `In the quantity, at today's price: that is how a price which has changed is accepted. ${whose}`,
      answers: { 200: answers("The cart with that line.", Cart.Info, "ETag") },
      problems: {
        400: ["unknown_product", "no_price_in_currency"],
        404: ["cart_not_found"],
        409: ["cart_full", "cart_merged"],
      },
      example: { quantity: 2 },
    }),
    maybeSignedIn(),
    byLine,
    ifMatch(),
    valid("json", Cart.SetLine),
    async (c) => {
      const { id, sku } = c.req.valid("param");
      const by = { actor: callerOf(c), expectedVersion: c.req.valid("header")["if-match"] };
      return withETag(c, await Cart.setLine(id, { sku, ...c.req.valid("json") }, by));
    },
  )
  .delete(
    "/carts/:id/lines/:sku",
    operation({
      id: "removeCartLine",
      summary: "Remove a line of a cart",
      description: `One that is not there is left out without a change. ${whose}`,
      answers: { 200: answers("The cart without that line.", Cart.Info, "ETag") },
      problems: { 404: ["cart_not_found"], 409: ["cart_merged"] },
    }),
    maybeSignedIn(),
    byLine,
    ifMatch(),
    noBody(),
    async (c) => {
      const { id, sku } = c.req.valid("param");
      const by = { actor: callerOf(c), expectedVersion: c.req.valid("header")["if-match"] };
      return withETag(c, await Cart.removeLine(id, sku, by));
    },
  )
  .post(
    "/carts/:id/merge",
    operation({
      id: "mergeCart",
      summary: "Merge a guest's cart into the customer's",
      description: "As happens when they sign in: of what is in both, the larger quantity stays. It can be repeated.",
      answers: { 200: answers("The customer's cart.", Cart.Info, "ETag", "Location") },
      problems: { 404: ["cart_not_found"], 409: ["cart_full"] },
    }),
    signedIn(),
    byId,
    noBody(),
    async (c) => {
      const cart = await Cart.merge(c.req.valid("param").id, c.get("actor"));
      c.header("Location", `/carts/${cart.id}`);
      return withETag(c, cart);
    },
  );
