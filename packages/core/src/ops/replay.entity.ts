import { CustomAttributeType, Entity, type EntityItem } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../dynamo.ts";
import { lazy } from "../lazy.ts";
import type { Replay } from "./schema.ts";

/** By id, which is derived from who asked and their idempotency key. */
export const replays = lazy(
  () =>
    new Entity(
      {
        model: { service: "ops", entity: "replay", version: "1" },
        attributes: {
          replayId: { type: "string", required: true },
          subscriber: { type: "string", required: true },
          from: { type: "string", required: true },
          to: { type: "string", required: true },
          filter: { type: CustomAttributeType<Replay["filter"]>("any"), required: true },
          requestedBy: { type: "string", required: true },
          /** Hash of the request: tells a repeated request from a reused key. */
          fingerprint: { type: "string", required: true },
          createdAt: { type: "string", required: true },
          /** How many events went to the subscriber, and how many it does not take or the filter excludes. */
          handedOn: { type: "number" },
          leftOut: { type: "number" },
          /** In seconds since 1970. */
          expiresAt: { type: "number", required: true },
        },
        indexes: {
          byId: {
            pk: { field: "pk", composite: ["replayId"], casing: "none" },
            sk: { field: "sk", composite: [], casing: "none" },
          },
        },
      },
      { client: dynamo(), table: Resource.ReplayRecords.name },
    ),
);

export type ReplayItem = EntityItem<ReturnType<typeof replays>>;
