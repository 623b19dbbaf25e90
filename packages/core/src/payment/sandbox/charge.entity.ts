import { CustomAttributeType, Entity, type EntityItem } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../../dynamo.ts";
import { lazy } from "../../lazy.ts";
import type { Dispute, Refund } from "../provider.ts";

/** The sandbox provider's own books, which no domain reads: by reference, which follows from our key. */
export const charges = lazy(
  () =>
    new Entity(
      {
        model: { service: "sandbox", entity: "charge", version: "2" },
        attributes: {
          reference: { type: "string", required: true },
          key: { type: "string", required: true },
          orderId: { type: "string", required: true },
          /** Whoever knows it may answer in the customer's place. */
          clientSecret: { type: "string", required: true },
          token: { type: "string", required: true },
          amountMinor: { type: "number", required: true },
          currency: { type: "string", required: true },
          capturedMinor: { type: "number", required: true },
          status: {
            type: ["authorized", "action_required", "declined", "captured", "voided"] as const,
            required: true,
          },
          reason: { type: "string" },
          refunds: { type: CustomAttributeType<Refund[]>("any"), required: true },
          disputes: { type: CustomAttributeType<Dispute[]>("any"), required: true },
          createdAt: { type: "string", required: true },
          revision: { type: "number", required: true },
        },
        indexes: {
          byReference: {
            pk: { field: "pk", composite: ["reference"], casing: "none" },
            sk: { field: "sk", composite: [], casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.SandboxTable.name },
    ),
);

export type ChargeItem = EntityItem<ReturnType<typeof charges>>;
