import type { OrderLine } from "@cartwright/events";
import { CustomAttributeType, Entity, type EntityItem, Service } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../dynamo.ts";
import { lazy } from "../lazy.ts";

const key = { casing: "none" } as const;
const place = () => ({ client: dynamo(), table: Resource.InventoryTable.name });

/** By SKU; the whole catalogue in the order of SKUs. */
export const products = lazy(
  () =>
    new Entity(
      {
        model: { service: "inventory", entity: "product", version: "1" },
        attributes: {
          sku: { type: "string", required: true },
          title: { type: "string", required: true },
          amountMinor: { type: "number", required: true },
          currency: { type: "string", required: true },
          status: { type: ["draft", "published", "retired"] as const, required: true },
          version: { type: "number", required: true },
          outbox: { type: "string" },
        },
        indexes: {
          bySku: { pk: { field: "pk", composite: ["sku"], ...key }, sk: { field: "sk", composite: [], ...key } },
          // Shoppers browse what is for sale; drafts and retired products stay out of their way.
          byStatus: {
            index: "gsi1",
            pk: { field: "gsi1pk", composite: ["status"], ...key },
            sk: { field: "gsi1sk", composite: ["sku"], ...key },
          },
        },
      },
      place(),
    ),
);

/** By SKU. On hand is `available + reserved`, so a unit can move between the two but never exist twice. */
const stock = lazy(
  () =>
    new Entity(
      {
        model: { service: "inventory", entity: "stock", version: "1" },
        attributes: {
          sku: { type: "string", required: true },
          available: { type: "number", required: true },
          reserved: { type: "number" },
        },
        indexes: {
          bySku: { pk: { field: "pk", composite: ["sku"], ...key }, sk: { field: "sk", composite: [], ...key } },
        },
      },
      place(),
    ),
);

/** By id, which is derived from actor and idempotency key: each movement of stock with its reason. */
const adjustments = lazy(
  () =>
    new Entity(
      {
        model: { service: "inventory", entity: "adjustment", version: "1" },
        attributes: {
          adjustmentId: { type: "string", required: true },
          sku: { type: "string", required: true },
          delta: { type: "number", required: true },
          reason: { type: "string", required: true },
          actorId: { type: "string", required: true },
          createdAt: { type: "string", required: true },
          version: { type: "number", required: true },
          outbox: { type: "string" },
        },
        indexes: {
          byId: {
            pk: { field: "pk", composite: ["adjustmentId"], ...key },
            sk: { field: "sk", composite: [], ...key },
          },
        },
      },
      place(),
    ),
);

/** By order: the stock an order holds, from its checkout until it is committed or released. */
const reservations = lazy(
  () =>
    new Entity(
      {
        model: { service: "inventory", entity: "reservation", version: "1" },
        attributes: {
          orderId: { type: "string", required: true },
          status: { type: ["held", "committed", "released"] as const, required: true },
          lines: { type: CustomAttributeType<OrderLine[]>("any"), required: true },
          /** What came back of a committed one, by what brought it. */
          returns: { type: CustomAttributeType<{ id: string; lines: OrderLine[] }[]>("any") },
          version: { type: "number", required: true },
          outbox: { type: "string" },
        },
        indexes: {
          byOrder: { pk: { field: "pk", composite: ["orderId"], ...key }, sk: { field: "sk", composite: [], ...key } },
        },
      },
      place(),
    ),
);

/** Entities of one table, so that a reservation and its stock change in one transaction. */
export const inventory = lazy(
  () => new Service({ stock: stock(), adjustments: adjustments(), reservations: reservations() }),
);

export type ProductItem = EntityItem<ReturnType<typeof products>>;
export type ReservationItem = EntityItem<ReturnType<typeof reservations>>;
