import { Entity } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../dynamo.ts";
import { lazy } from "../lazy.ts";

/** The order domain's own copy of what products cost, fed by product events: by SKU. */
export const prices = lazy(
  () =>
    new Entity(
      {
        model: { service: "order", entity: "price", version: "1" },
        attributes: {
          sku: { type: "string", required: true },
          title: { type: "string", required: true },
          amountMinor: { type: "number", required: true },
          currency: { type: "string", required: true },
          status: { type: ["draft", "published", "retired"] as const, required: true },
          sequence: { type: "number", required: true },
        },
        indexes: {
          bySku: {
            pk: { field: "pk", composite: ["sku"], casing: "none" },
            sk: { field: "sk", composite: [], casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.OrderTable.name },
    ),
);
