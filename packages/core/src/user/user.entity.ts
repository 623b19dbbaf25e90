import { CustomAttributeType, Entity, type EntityItem } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../dynamo.ts";
import { lazy } from "../lazy.ts";
import type { SavedAddress } from "./schema.ts";

/**
 * By id. Who they are to the identity provider follows from the id; passwords stay with the provider. Addresses live here,
 * so that one write erases all that is known of somebody; what then remains says that they are gone.
 */
export const users = lazy(
  () =>
    new Entity(
      {
        model: { service: "user", entity: "user", version: "1" },
        attributes: {
          userId: { type: "string", required: true },
          email: { type: "string" },
          name: { type: "string" },
          phone: { type: "string" },
          addresses: { type: CustomAttributeType<SavedAddress[]>("any") },
          createdAt: { type: "string", required: true },
          erasedAt: { type: "string" },
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
