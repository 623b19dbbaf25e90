import { guestTokenOf } from "@cartwright/core/guest";
import { Order } from "@cartwright/core/order";
import * as z from "zod";
import { callerOf, maybeSignedIn, StaffOnlyError, signedIn, signedInOrGuest } from "./http/auth.ts";
import { answers, answersPage, operation } from "./http/describe.ts";
import { limitCallers, limited } from "./http/limit.ts";
import { withETag } from "./http/reply.ts";
import { router } from "./http/router.ts";
import { serve } from "./http/serve.ts";
import { idempotencyKey, noBody, PageQuery, valid } from "./http/valid.ts";
import { carts } from "./order/cart.ts";
import { placeExample } from "./order/example.ts";
import { fulfilments } from "./order/fulfilment.ts";
import { priceList } from "./order/price-list.ts";
import { asker, tellOfOrder } from "./order/reply.ts";
import { returns } from "./order/return.ts";

const byId = valid("param", z.object({ id: Order.ID }));

/** One's own orders; or, for staff, everybody's of a status, or the one of a number. */
const ListQuery = PageQuery.extend({
  status: Order.Status.optional().describe("For staff: everybody's orders of this status."),
  placedBefore: z.iso
    .datetime({ offset: true, error: "expected an ISO 8601 time such as 2026-03-01T03:00:00Z" })
    .optional()
    .describe("With `status`: only those that were placed earlier, such as what is pending for too long."),
  number: Order.Number.optional().describe("For staff: the order that people call by this number."),
})
  .refine(({ number, ...others }) => number === undefined || Object.values(others).every((one) => one === undefined), {
    path: ["number"],
    message: "finds one order: leave out everything else",
  })
  .refine(({ placedBefore, status, number }) => placedBefore === undefined || (status ?? number) !== undefined, {
    path: ["placedBefore"],
    message: "is about the orders of a status: send status, too",
  });

export const orders = router(limitCallers("order"))
  .route("/", carts)
  .route("/", fulfilments)
  .route("/", returns)
  .route("/", priceList)
  .post(
    "/orders",
    operation({
      id: "placeOrder",
      summary: "Place an order",
      description: `The checkout follows: read the order until it is \`paid\`, or \`cancelled\` with a \`reason\`. A payment that the customer has to confirm is told by the payment's \`action\`.

Without \`Authorization\` it is a guest's order. Then the \`Idempotency-Key\` has to be a random UUID (version 4 or 7), since nothing else tells guests apart, and the answer has a \`guestToken\` that opens this order alone.`,
      answers: {
        202: answers("The order as it was placed.", Order.Placed, "ETag", "Location", "Idempotent-Replayed"),
      },
      problems: {
        400: [
          "unknown_product",
          "no_price_in_currency",
          "nothing_to_pay",
          "total_too_large",
          "cart_empty",
          "cart_not_orderable",
        ],
        404: ["cart_not_found"],
        409: ["cart_changed", "cart_in_other_currency", "cart_merged", "cart_ordered"],
      },
      example: placeExample,
    }),
    maybeSignedIn(),
    limited("guestOrder"),
    idempotencyKey(),
    valid("json", Order.Place),
    async (c) => {
      const customerId = callerOf(c)?.userId;
      const by = { customerId, idempotencyKey: c.req.valid("header")["idempotency-key"] };
      const { order, replayed } = await Order.place(c.req.valid("json"), by, c.get("cause"));
      tellOfOrder(c, order.id, replayed);
      const guestToken = customerId === undefined ? guestTokenOf(order.id) : undefined;
      const placed: Order.Placed = { ...order, ...(guestToken && { guestToken }) };
      return withETag(c, placed, 202);
    },
  )
  .get(
    "/orders",
    operation({
      id: "listOrders",
      summary: "List orders",
      description: "Newest first. The caller's own; for staff, everybody's, by `status` or `number`.",
      answers: { 200: answersPage("A page of orders.", Order.Summary) },
      problems: { 400: ["invalid_cursor"], 403: ["staff_only"] },
    }),
    signedIn(),
    valid("query", ListQuery),
    async (c) => {
      const { limit = 20, cursor, status, placedBefore, number } = c.req.valid("query");
      const { userId, roles } = c.get("actor");
      if ((status ?? number) !== undefined && !roles.includes("staff")) throw new StaffOnlyError();
      if (number !== undefined) return c.json(await Order.listByNumber(number));
      if (status !== undefined) {
        return c.json(await Order.listByStatus(status, { reader: userId, limit, cursor, placedBefore }));
      }
      return c.json(await Order.list(userId, { limit, cursor }));
    },
  )
  .get(
    "/orders/:id",
    operation({
      id: "getOrder",
      summary: "Get an order",
      answers: { 200: answers("The order.", Order.Info, "ETag") },
      problems: { 404: ["order_not_found"] },
    }),
    signedInOrGuest(),
    byId,
    async (c) => withETag(c, await Order.fromID(c.req.valid("param").id, c.get("actor"))),
  )
  .get(
    "/orders/:id/timeline",
    operation({
      id: "getOrderTimeline",
      summary: "Get an order's timeline",
      description: "Oldest first. It follows the order by a moment.",
      answers: { 200: answers("The order's moments.", Order.Timeline) },
      problems: { 404: ["order_not_found"] },
    }),
    signedInOrGuest(),
    byId,
    async (c) => c.json(await Order.timeline(c.req.valid("param").id, c.get("actor"))),
  )
  .post(
    "/orders/:id/cancel",
    operation({
      id: "cancelOrder",
      summary: "Cancel an order of which nothing has been sent",
      description: "It is `cancelled` a little later, when its money and stock have been given back.",
      answers: {
        202: answers("It will be cancelled, or was before.", Order.Cancellation, "Location", "Idempotent-Replayed"),
      },
      problems: { 404: ["order_not_found"], 409: ["order_not_cancellable"] },
    }),
    signedInOrGuest(),
    byId,
    idempotencyKey(),
    noBody(),
    async (c) => {
      const { id } = c.req.valid("param");
      const { cancellation, replayed } = await Order.requestCancellation(id, asker(c), c.get("cause"));
      tellOfOrder(c, id, replayed);
      return c.json(cancellation, 202);
    },
  )
  .delete(
    "/orders/:id/personal-data",
    operation({
      id: "erasePersonalData",
      summary: "Erase an order's personal data",
      description:
        "Address, tracking and free texts go at once or, while the order is still to be sent, with its end; the rest is kept. It can't be undone. Guests have no account that they could close instead.",
      answers: { 204: answers("It is erased, or will be with the order's end.") },
      problems: { 404: ["order_not_found"] },
    }),
    signedInOrGuest(),
    byId,
    noBody(),
    async (c) => {
      const { id } = c.req.valid("param");
      await Order.eraseOrder(id, c.get("actor"), c.get("cause"));
      return c.body(null, 204);
    },
  );

export const handler = serve(orders);
