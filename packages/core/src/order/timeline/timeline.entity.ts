import { Entity, type EntityItem } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../../dynamo.ts";
import { lazy } from "../../lazy.ts";

/**
 * By order, in the order of time: one item for each event about it. All of it comes from the event, so that writing it
 * again changes nothing. What is stored is a choice: no token, nobody's name, nothing of unbounded length.
 */
export const timeline = lazy(
  () =>
    new Entity(
      {
        model: { service: "order", entity: "timeline", version: "1" },
        attributes: {
          orderId: { type: "string", required: true },
          at: { type: "string", required: true },
          subject: { type: "string", required: true },
          // Padded in the key, so that the tenth event of a subject sorts behind its ninth.
          sequence: { type: "number", required: true, padding: { length: 9, char: "0" } },
          eventId: { type: "string", required: true },
          event: { type: "string", required: true },
          domain: { type: "string", required: true },
          correlationId: { type: "string", required: true },
          causationId: { type: "string" },
          amountMinor: { type: "number" },
          currency: { type: "string" },
          units: { type: "number" },
          reason: { type: "string" },
          failedStep: { type: "string" },
          error: { type: "string" },
          trigger: { type: "string" },
          approved: { type: "boolean" },
        },
        indexes: {
          byOrder: {
            pk: { field: "pk", composite: ["orderId"], casing: "none" },
            sk: { field: "sk", composite: ["at", "subject", "sequence", "eventId"], casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.OrderTable.name },
    ),
);

export type TimelineItem = EntityItem<ReturnType<typeof timeline>>;
