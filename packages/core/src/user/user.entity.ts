import { Entity, type EntityItem } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../dynamo.ts";
import { lazy } from "../lazy.ts";

/** By id. Who they are to the identity provider follows from the id; passwords stay with the provider. */
export const users = lazy(
  () =>
    new Entity(
      {
        model: { service: "user", entity: "user", version: "1" },
        attributes: {
          userId: { type: "string", required: true },
          email: { type: "string", required: true },
          createdAt: { type: "string", required: true },
          version: { type: "number", required: true },
          outbox: { type: "string" },
        },
        indexes: {
          byId: {
            pk: { field: "pk", composite: ["userId"], casing: "none" },
            sk: { field: "sk", composite: [], casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.UserTable.name },
    ),
);

export type UserItem = EntityItem<ReturnType<typeof users>>;
