import { Entity } from "electrodb";
import { applied } from "../aws-fault.ts";
import { dynamo } from "../dynamo.ts";
import type { Counter } from "./limit.ts";

/** How long a window is kept after its end, for whoever wants to know who was refused. */
const retentionMs = 60 * 60 * 1000;

/**
 * By caller and window. It lives in the table of the domain that it guards, and wakes no relay, because it has no `outbox`.
 */
function limitEntity(service: string, table: string) {
  return new Entity(
    {
      model: { service, entity: "limit", version: "1" },
      attributes: {
        /** A keyed hash: who it is can't be read from the table. */
        caller: { type: "string", required: true },
        startsAtMs: { type: "number", required: true },
        used: { type: "number", required: true },
        /** Epoch seconds, after which DynamoDB deletes it. */
        expiresAt: { type: "number", required: true },
      },
      indexes: {
        byWindow: {
          pk: { field: "pk", composite: ["caller", "startsAtMs"], casing: "none" },
          sk: { field: "sk", composite: [], casing: "none" },
        },
      },
    },
    { client: dynamo(), table },
  );
}

/** Counts in a table, so that all instances count together. A count is one write unit. */
export function dynamoCounter(service: string, table: string): Counter {
  const limits = limitEntity(service, table);
  return {
    add(caller, { startsAtMs, endsAtMs }, count, limit) {
      const write = limits
        .update({ caller, startsAtMs })
        .add({ used: count })
        .set({ expiresAt: Math.ceil((endsAtMs + retentionMs) / 1000) })
        .where(({ used }, { notExists, lte }) => `${notExists(used)} OR ${lte(used, limit - count)}`)
        .go();
      return applied("limits", write);
    },
  };
}
