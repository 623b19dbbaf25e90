import { Entity } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../../dynamo.ts";
import { lazy } from "../../lazy.ts";

/** By name: how far it has counted, and the secret that makes numbers of it, which never changes. */
export const counters = lazy(
  () =>
    new Entity(
      {
        model: { service: "order", entity: "counter", version: "1" },
        attributes: {
          name: { type: "string", required: true },
          last: { type: "number", required: true },
          secret: { type: "string", required: true },
        },
        indexes: {
          byName: {
            pk: { field: "pk", composite: ["name"], casing: "none" },
            sk: { field: "sk", composite: [], casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.OrderTable.name },
    ),
);
