import { CustomAttributeType, Entity, type EntityItem, Service } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../../dynamo.ts";
import { lazy } from "../../lazy.ts";
import { orders } from "../order.entity.ts";
import type { Line } from "../schema.ts";

/**
 * By id. Nobody is told of a cart: it has a `revision` and no `version`, and without an `outbox` its writes wake no
 * relay, so that putting things in and out costs nothing but the write.
 */
export const carts = lazy(
  () =>
    new Entity(
      {
        model: { service: "order", entity: "cart", version: "1" },
        attributes: {
          cartId: { type: "string", required: true },
          /** A guest's cart has none. */
          customerId: { type: "string" },
          currency: { type: "string" },
          /** With price and title as they were when the line was put. */
          lines: { type: CustomAttributeType<Line[]>("any"), required: true },
          orderedAs: { type: "string" },
          /** The customer's cart that a guest's one has gone into. */
          mergedInto: { type: "string" },
          revision: { type: "number", required: true },
          /** Epoch seconds, after which DynamoDB deletes it, though not at once. */
          expiresAt: { type: "number", required: true },
        },
        indexes: {
          byId: {
            pk: { field: "pk", composite: ["cartId"], casing: "none" },
            sk: { field: "sk", composite: [], casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.OrderTable.name },
    ),
);

/** Entities of one table, so that a cart is emptied if and only if its order is placed. */
export const cartsAndOrders = lazy(() => new Service({ carts: carts(), orders: orders() }));

export type CartItem = EntityItem<ReturnType<typeof carts>>;
