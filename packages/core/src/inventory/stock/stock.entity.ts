import { CustomAttributeType, Entity, type EntityItem, Service } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../../dynamo.ts";
import { lazy } from "../../lazy.ts";
import type { Hold } from "./hold.ts";
import type { Shortfall } from "./schema.ts";

const key = { casing: "none" } as const;
const place = () => ({ client: dynamo(), table: Resource.InventoryTable.name });

/** ElectroDB's template for a key that is one attribute and nothing else. */
const just = (attribute: string) => `\${${attribute}}`;

/** By SKU: what is known of its stock as a whole, and how staff want it kept. */
const stocks = lazy(
  () =>
    new Entity(
      {
        model: { service: "inventory", entity: "stock", version: "2" },
        attributes: {
          sku: { type: "string", required: true },
          /** The sum of the journal. What of it is available and what is reserved, the shards say. */
          onHand: { type: "number" },
          /** Units promised to orders that are still to come. */
          owed: { type: "number" },
          /** Over how many shards new units are spread (default 1). */
          shards: { type: "number" },
          /** How many shards there have ever been: those beyond `shards` may still hold units (default 1). */
          reach: { type: "number" },
          backorderLimit: { type: "number" },
          lowStockAt: { type: "number" },
          /** What was last told of how much is left (default `out`: nothing has come yet). */
          level: { type: ["enough", "low", "out"] as const },
          version: { type: "number" },
          outbox: { type: "string" },
        },
        indexes: {
          bySku: { pk: { field: "pk", composite: ["sku"], ...key }, sk: { field: "sk", composite: [], ...key } },
        },
      },
      place(),
    ),
);

/**
 * By SKU and number: a part of its units. One item takes about 500 transactions a second; the parts of a hot SKU have keys
 * of their own, so that DynamoDB can keep them apart. A unit can move from `available` to `reserved`, but never exist twice.
 */
const shards = lazy(
  () =>
    new Entity(
      {
        model: { service: "inventory", entity: "shard", version: "1" },
        attributes: {
          sku: { type: "string", required: true },
          shard: { type: "number", required: true },
          available: { type: "number", required: true },
          reserved: { type: "number" },
        },
        indexes: {
          byShard: {
            pk: { field: "pk", composite: ["sku", "shard"], ...key },
            sk: { field: "sk", composite: [], ...key },
          },
        },
      },
      place(),
    ),
);

/** By id; a SKU's, newest first: the journal that says why there are so many on hand. It only grows. */
const movements = lazy(
  () =>
    new Entity(
      {
        model: { service: "inventory", entity: "movement", version: "1" },
        attributes: {
          movementId: { type: "string", required: true },
          sku: { type: "string", required: true },
          kind: { type: ["adjusted", "shipped", "returned", "written-off"] as const, required: true },
          delta: { type: "number", required: true },
          reason: { type: "string", required: true },
          /** The member of staff who decided it; an order's goods move because of the order. */
          actorId: { type: "string" },
          orderId: { type: "string" },
          /** What the member of staff counted before, if they said so. */
          expectedQuantity: { type: "number" },
          createdAt: { type: "string", required: true },
          version: { type: "number" },
          outbox: { type: "string" },
        },
        indexes: {
          byId: {
            pk: { field: "pk", composite: ["movementId"], ...key },
            sk: { field: "sk", composite: [], ...key },
          },
          // Staff ask why there are 47.
          bySku: {
            index: "gsi1",
            pk: { field: "gsi1pk", composite: ["sku"], ...key },
            sk: { field: "gsi1sk", composite: ["createdAt", "movementId"], ...key },
          },
        },
      },
      place(),
    ),
);

/** By order: the units it holds, from its checkout until they are shipped or released; by the end of their time. */
const reservations = lazy(
  () =>
    new Entity(
      {
        model: { service: "inventory", entity: "reservation", version: "2" },
        attributes: {
          orderId: { type: "string", required: true },
          status: { type: ["held", "committed", "released", "expired", "refused"] as const, required: true },
          /** What lacked when it was refused. */
          lacking: { type: CustomAttributeType<Shortfall[]>("any") },
          holds: { type: CustomAttributeType<Hold[]>("any"), required: true },
          /** Until then its order may be confirmed. */
          holdsUntil: { type: "string" },
          /** While it is held alone: a part of the index that the sweep looks through. */
          sweep: { type: "string" },
          /** How many lines of each fulfilment and each return are done, by its id: each of them happens once. */
          done: { type: CustomAttributeType<Record<string, number>>("any") },
          version: { type: "number", required: true },
          outbox: { type: "string" },
        },
        indexes: {
          byOrder: { pk: { field: "pk", composite: ["orderId"], ...key }, sk: { field: "sk", composite: [], ...key } },
          // The sweep looks for what was held for too long, and for nothing else.
          byEnd: {
            index: "gsi1",
            pk: { field: "gsi1pk", composite: ["sweep"], template: just("sweep"), ...key },
            sk: { field: "gsi1sk", composite: ["holdsUntil"], ...key },
          },
        },
      },
      place(),
    ),
);

/** By order and SKU; by SKU, the oldest first: orders that wait for units to come. */
const backorders = lazy(
  () =>
    new Entity(
      {
        model: { service: "inventory", entity: "backorder", version: "1" },
        attributes: {
          orderId: { type: "string", required: true },
          sku: { type: "string", required: true },
          /** The SKU, for as long as units of it are to come. */
          waitsFor: { type: "string" },
          since: { type: "string", required: true },
          /** Epoch seconds, after which DynamoDB deletes one that is settled. */
          expiresAt: { type: "number" },
        },
        indexes: {
          byOrder: {
            pk: { field: "pk", composite: ["orderId"], ...key },
            sk: { field: "sk", composite: ["sku"], ...key },
          },
          // Whoever waits longest is served first.
          bySku: {
            index: "gsi2",
            pk: { field: "gsi2pk", composite: ["waitsFor"], ...key },
            sk: { field: "gsi2sk", composite: ["since", "orderId"], ...key },
          },
        },
      },
      place(),
    ),
);

/** Entities of one table, so that a reservation and its stock change in one transaction. */
export const inventory = lazy(
  () =>
    new Service({
      stocks: stocks(),
      shards: shards(),
      movements: movements(),
      reservations: reservations(),
      backorders: backorders(),
    }),
);

export type StockItem = EntityItem<ReturnType<typeof stocks>>;
export type ShardItem = EntityItem<ReturnType<typeof shards>>;
export type MovementItem = EntityItem<ReturnType<typeof movements>>;
export type ReservationItem = EntityItem<ReturnType<typeof reservations>>;
export type Transaction = Parameters<Parameters<ReturnType<typeof inventory>["transaction"]["write"]>[0]>[0];
export type Write = ReturnType<Parameters<ReturnType<typeof inventory>["transaction"]["write"]>[0]>[number];
