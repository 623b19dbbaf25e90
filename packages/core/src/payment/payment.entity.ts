import { CustomAttributeType, Entity, type EntityItem } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../dynamo.ts";
import { lazy } from "../lazy.ts";
import type { Entry } from "./ledger.ts";

/** ElectroDB's template for a key that is one attribute and nothing else. */
const just = (attribute: string) => `\${${attribute}}`;

/**
 * By order: each order has one payment, whose id differs in its prefix alone; by the time of its next review. A good
 * order's payment stays below a kilobyte, so that each of its writes costs one unit: hence the short keys.
 */
export const payments = lazy(
  () =>
    new Entity(
      {
        model: { service: "payment", entity: "payment", version: "2" },
        attributes: {
          orderId: { type: "string", required: true },
          /** Absent when the payment was voided before it began. */
          customerId: { type: "string" },
          amountMinor: { type: "number" },
          currency: { type: "string" },
          provider: { type: ["sandbox", "stripe"] as const, required: true },
          /** Only ever appended to; texts that people typed are taken out of it when they are erased. */
          entries: { type: CustomAttributeType<Entry[]>("any"), required: true },
          /** The five minutes (since 1970) in which it last gave the reconcilers a reason to look at it, and a part of them. */
          reviewSlot: { type: "string", required: true },
          /** Its customer was forgotten: no text that people typed is kept of it any more. */
          erased: { type: "boolean" },
          version: { type: "number", required: true },
          outbox: { type: "string" },
        },
        indexes: {
          byOrder: {
            pk: { field: "pk", composite: ["orderId"], template: just("orderId"), casing: "none" },
            sk: { field: "sk", composite: [], template: "payment", casing: "none" },
          },
          // The reconcilers compare whatever moved in a span of time with the provider's books.
          byReview: {
            index: "gsi1",
            pk: { field: "gsi1pk", composite: ["reviewSlot"], template: just("reviewSlot"), casing: "none" },
            sk: { field: "gsi1sk", composite: ["orderId"], template: just("orderId"), casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.PaymentTable.name },
    ),
);

export type PaymentItem = EntityItem<ReturnType<typeof payments>>;

/** By provider and its id of the event: a webhook that comes again finds that it was here. */
export const notifications = lazy(
  () =>
    new Entity(
      {
        model: { service: "payment", entity: "notification", version: "1" },
        attributes: {
          provider: { type: "string", required: true },
          notificationId: { type: "string", required: true },
          type: { type: "string", required: true },
          orderId: { type: "string", required: true },
          receivedAt: { type: "string", required: true },
          /** Epoch seconds, after which DynamoDB deletes it. */
          expiresAt: { type: "number", required: true },
          version: { type: "number", required: true },
          outbox: { type: "string" },
        },
        indexes: {
          byNotification: {
            pk: { field: "pk", composite: ["provider", "notificationId"], casing: "none" },
            sk: { field: "sk", composite: [], casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.PaymentTable.name },
    ),
);

/** By name: how far a reconciler has come, so that a run that failed leaves no gap. */
export const watermarks = lazy(
  () =>
    new Entity(
      {
        model: { service: "payment", entity: "watermark", version: "1" },
        attributes: {
          name: { type: "string", required: true },
          until: { type: "string", required: true },
        },
        indexes: {
          byName: {
            pk: { field: "pk", composite: ["name"], casing: "none" },
            sk: { field: "sk", composite: [], casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.PaymentTable.name },
    ),
);
