import { CustomAttributeType, Entity, type EntityItem, Service } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../dynamo.ts";
import { inboxEntity } from "../inbox.ts";
import { lazy } from "../lazy.ts";
import type { Address, Line, Return } from "./schema.ts";

/** By id; a customer's orders, newest first. */
export const orders = lazy(
  () =>
    new Entity(
      {
        model: { service: "order", entity: "order", version: "1" },
        attributes: {
          orderId: { type: "string", required: true },
          customerId: { type: "string", required: true },
          status: { type: ["pending", "confirmed", "cancelled", "returned"] as const, required: true },
          lines: { type: CustomAttributeType<Line[]>("any"), required: true },
          totalMinor: { type: "number", required: true },
          currency: { type: "string", required: true },
          shippingAddress: { type: CustomAttributeType<Address>("any"), required: true },
          sealedToken: { type: "string", required: true },
          /** Hash of the request that placed the order: tells a repeated request from a reused key. */
          fingerprint: { type: "string", required: true },
          /** Set once it is decided that the order will be cancelled, while money and stock are given back. */
          abandonedFor: { type: "string" },
          /** Why the order was cancelled. */
          reason: { type: "string" },
          paidAt: { type: "string" },
          /** The key of the request that cancelled it, if one did. */
          cancelKey: { type: "string" },
          /** When money came in for an order that had been given up, so that it went back. */
          lateCaptureAt: { type: "string" },
          /** By id of the refund: what it counts, in minor units, and by which event of its payment. */
          refunds: { type: CustomAttributeType<Record<string, { amountMinor: number; sequence: number }>>("any") },
          returns: { type: CustomAttributeType<StoredReturn[]>("any") },
          deadlineAt: { type: "string", required: true },
          createdAt: { type: "string", required: true },
          version: { type: "number", required: true },
          outbox: { type: "string" },
        },
        indexes: {
          byId: {
            pk: { field: "pk", composite: ["orderId"], casing: "none" },
            sk: { field: "sk", composite: [], casing: "none" },
          },
          // A customer asks for their own orders far more often than staff for all.
          byCustomer: {
            index: "gsi1",
            pk: { field: "gsi1pk", composite: ["customerId"], casing: "none" },
            sk: { field: "gsi1sk", composite: ["createdAt", "orderId"], casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.OrderTable.name },
    ),
);

/** With a hash of the request that recorded it. */
export interface StoredReturn extends Return {
  fingerprint: string;
}

/** Entities of one table, so that an order and its inbox change in one transaction. */
export const ordersAndInbox = lazy(
  () => new Service({ orders: orders(), inbox: inboxEntity("order", Resource.OrderTable.name) }),
);

export type OrderItem = EntityItem<ReturnType<typeof orders>>;
