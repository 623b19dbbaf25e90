import { Entity, type EntityItem } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../dynamo.ts";
import { lazy } from "../lazy.ts";

/** The sandbox provider's own books, which no domain reads: by our key; by reference. */
export const charges = lazy(
  () =>
    new Entity(
      {
        model: { service: "sandbox", entity: "charge", version: "1" },
        attributes: {
          key: { type: "string", required: true },
          orderId: { type: "string", required: true },
          token: { type: "string", required: true },
          amountMinor: { type: "number", required: true },
          currency: { type: "string", required: true },
          capturedMinor: { type: "number", required: true },
          status: {
            type: ["authorized", "action_required", "declined", "captured", "voided"] as const,
            required: true,
          },
          reason: { type: "string" },
          createdAt: { type: "string", required: true },
        },
        indexes: {
          byKey: {
            pk: { field: "pk", composite: ["key"], casing: "none" },
            sk: { field: "sk", composite: [], casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.SandboxTable.name },
    ),
);

export type Charge = EntityItem<ReturnType<typeof charges>>;
