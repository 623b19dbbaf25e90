import type { Money } from "@cartwright/events";
import { CustomAttributeType, Entity, type EntityItem } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../../dynamo.ts";
import { lazy } from "../../lazy.ts";

/**
 * The order domain's own copy of what is for sale, a row for each variant: by SKU; all of them. Product events and stock
 * events each have fields of their own, and a row may have been begun by either. While the list is rebuilt there are two.
 */
export const prices = lazy(
  () =>
    new Entity(
      {
        model: { service: "order", entity: "price", version: "2" },
        attributes: {
          /** `live`, or the id of a rebuild. */
          list: { type: "string", required: true },
          sku: { type: "string", required: true },
          product: { type: "string" },
          title: { type: "string" },
          prices: { type: CustomAttributeType<Money[]>("any") },
          status: { type: ["draft", "published", "retired"] as const },
          /** Of the product's event that was taken in last. */
          sequence: { type: "number" },
          inStock: { type: "boolean" },
          /** Of the stock's event that was taken in last. */
          stockSequence: { type: "number" },
          /** Epoch seconds, after which DynamoDB deletes a row of a rebuild. */
          expiresAt: { type: "number" },
        },
        indexes: {
          bySku: {
            pk: { field: "pk", composite: ["list", "sku"], casing: "none" },
            sk: { field: "sk", composite: [], casing: "none" },
          },
          // Whoever rebuilds the list compares all of it with the products. A row enters the index once.
          all: {
            index: "gsi1",
            // biome-ignore lint/suspicious/noTemplateCurlyInString: ElectroDB fills it in.
            pk: { field: "gsi1pk", composite: ["list"], template: "price-list#${list}", casing: "none" },
            // biome-ignore lint/suspicious/noTemplateCurlyInString: ElectroDB fills it in.
            sk: { field: "gsi1sk", composite: ["sku"], template: "${sku}", casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.OrderTable.name },
    ),
);

export type PriceItem = EntityItem<ReturnType<typeof prices>>;

/** By name of the projection: the rebuild that is under way, if there is one. */
export const rebuilds = lazy(
  () =>
    new Entity(
      {
        model: { service: "order", entity: "rebuild", version: "1" },
        attributes: {
          projection: { type: "string", required: true },
          rebuildId: { type: "string" },
          /** ISO 8601. Nobody may have ended it. */
          until: { type: "string" },
        },
        indexes: {
          byProjection: {
            pk: { field: "pk", composite: ["projection"], casing: "none" },
            sk: { field: "sk", composite: [], casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.OrderTable.name },
    ),
);
