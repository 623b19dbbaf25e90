import { Entity, type EntityItem } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../dynamo.ts";
import { lazy } from "../lazy.ts";

/** By order: each order has one payment, whose id differs in its prefix alone. */
export const payments = lazy(
  () =>
    new Entity(
      {
        model: { service: "payment", entity: "payment", version: "1" },
        attributes: {
          orderId: { type: "string", required: true },
          /** Absent when the payment was voided before it began. */
          customerId: { type: "string" },
          status: {
            type: ["intent", "action_required", "authorized", "declined", "captured", "voided"] as const,
            required: true,
          },
          amountMinor: { type: "number" },
          currency: { type: "string" },
          provider: { type: "string", required: true },
          reference: { type: "string" },
          reason: { type: "string" },
          createdAt: { type: "string", required: true },
          version: { type: "number", required: true },
          outbox: { type: "string" },
        },
        indexes: {
          byOrder: {
            pk: { field: "pk", composite: ["orderId"], casing: "none" },
            sk: { field: "sk", composite: [], casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.PaymentTable.name },
    ),
);

export type PaymentItem = EntityItem<ReturnType<typeof payments>>;
