import type { OrderLine } from "@cartwright/events";
import { CustomAttributeType, Entity } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../../dynamo.ts";
import { lazy } from "../../lazy.ts";
import type { Lacking } from "../schema.ts";

/** The order domain's own copy of what there was not enough of for an order, fed by stock events: by order. */
export const shortages = lazy(
  () =>
    new Entity(
      {
        model: { service: "order", entity: "shortage", version: "1" },
        attributes: {
          orderId: { type: "string", required: true },
          owed: { type: CustomAttributeType<OrderLine[]>("any"), required: true },
          lacking: { type: CustomAttributeType<Lacking[]>("any"), required: true },
          sequence: { type: "number", required: true },
        },
        indexes: {
          byOrder: {
            pk: { field: "pk", composite: ["orderId"], casing: "none" },
            sk: { field: "sk", composite: [], casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.OrderTable.name },
    ),
);
