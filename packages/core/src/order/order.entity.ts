import { CustomAttributeType, Entity, type EntityItem, Service } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../dynamo.ts";
import { inboxEntity } from "../inbox.ts";
import { lazy } from "../lazy.ts";
import { type Address, type Line, Status, type Tracking } from "./schema.ts";

/** By id; by number; a customer's orders, newest first; the orders of a status, newest first. */
export const orders = lazy(
  () =>
    new Entity(
      {
        model: { service: "order", entity: "order", version: "1" },
        attributes: {
          orderId: { type: "string", required: true },
          /** What people call it by: see number.ts. */
          number: { type: "string", required: true },
          customerId: { type: "string", required: true },
          status: { type: Status.options, required: true },
          lines: { type: CustomAttributeType<Line[]>("any"), required: true },
          totalMinor: { type: "number", required: true },
          currency: { type: "string", required: true },
          /** An order that is erased has neither this nor the token. */
          shippingAddress: { type: CustomAttributeType<Address>("any") },
          sealedToken: { type: "string" },
          /** Since its customer is to be forgotten: see erasure-rule.ts. */
          erasure: { type: ["due", "done"] as const },
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
          fulfilments: { type: CustomAttributeType<StoredFulfilment[]>("any") },
          deadlineAt: { type: "string", required: true },
          createdAt: { type: "string", required: true },
          /** Spreads the orders of a status over several keys of an index. */
          bucket: { type: "number", required: true },
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
          // Staff look for what is still to be sent. One key for a status would be a hot one: see list.ts.
          byStatus: {
            index: "gsi2",
            pk: { field: "gsi2pk", composite: ["status", "bucket"], casing: "none" },
            sk: { field: "gsi2sk", composite: ["createdAt", "orderId"], casing: "none" },
          },
          // Customers know the number of their order, and read it out to staff.
          byNumber: {
            index: "gsi3",
            pk: { field: "gsi3pk", composite: ["number"], casing: "none" },
            sk: { field: "gsi3sk", composite: [], casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.OrderTable.name },
    ),
);

/** How many of each line of the order, in its order. Fifty times fifty SKUs would not fit the item. */
export type Units = readonly number[];

export interface StoredFulfilment {
  id: string;
  units: Units;
  tracking?: Tracking;
  createdAt: string;
  /** Hash of the request that it comes from. */
  fingerprint: string;
}

export interface StoredReturn {
  id: string;
  /** What was asked to be sent back. */
  units: Units;
  reason?: string;
  createdAt: string;
  fingerprint: string;
  /** Absent while it is open. */
  settled?: Settlement;
}

/** What staff made of a request, with the key and a hash of theirs. */
export type Settlement = { at: string; key: string; fingerprint: string } & (
  | { status: "received"; units: Units; restock: boolean }
  | { status: "declined"; reason?: string }
);

/** Entities of one table, so that an order and its inbox change in one transaction. */
export const ordersAndInbox = lazy(
  () => new Service({ orders: orders(), inbox: inboxEntity("order", Resource.OrderTable.name) }),
);

export type OrderItem = EntityItem<ReturnType<typeof orders>>;
