/**
 * The inbox: for an effect that no condition of its own keeps from happening twice. One transaction holds the effect
 * and the record that a subscriber has had it for an event.
 */
import { Entity, type TransactWriteEntity } from "electrodb";
import { ConditionFailedError } from "./aws-fault.ts";
import { now } from "./clock.ts";
import { type Outcome, untilUncontended } from "./contention.ts";
import { dynamo } from "./dynamo.ts";
import { note } from "./spent.ts";

/** An event as it reaches one subscriber, however often. */
export interface Delivery {
  /** The subscriber's logical name in `stacks/`. */
  subscriber: string;
  eventId: string;
}

/** Longer than an event can come back: an archive replays it for a year, and dead letters wait two weeks more. */
export const retentionDays = 400;

/** This delivery has had its effect before. */
export class AlreadyHandledError extends Error {
  override name = "AlreadyHandledError";
  constructor({ subscriber, eventId }: Delivery) {
    super(`${subscriber} has already had its effect for ${eventId}`);
  }
}

/** By subscriber and event. It lives in the table of the domain that it guards, or no transaction could hold both. */
export function inboxEntity(service: string, table: string) {
  return new Entity(
    {
      model: { service, entity: "inbox", version: "1" },
      attributes: {
        subscriber: { type: "string", required: true },
        eventId: { type: "string", required: true },
        /** Epoch seconds, after which DynamoDB deletes the record, though not at once. */
        expiresAt: { type: "number", required: true },
      },
      indexes: {
        byDelivery: {
          pk: { field: "pk", composite: ["subscriber", "eventId"], casing: "none" },
          sk: { field: "sk", composite: [], casing: "none" },
        },
      },
    },
    { client: dynamo(), table },
  );
}

type Inbox = ReturnType<typeof inboxEntity>;
type InTransaction<Of> =
  Of extends Entity<infer A, infer F, infer C, infer Model> ? TransactWriteEntity<A, F, C, Model> : never;

/** The write that remembers a delivery: to be put first into the transaction that holds its effect. */
export function remember(inbox: InTransaction<Inbox>, delivery: Delivery) {
  const nowSeconds = Math.floor(now().getTime() / 1000);
  return inbox
    .put({ ...delivery, expiresAt: nowSeconds + retentionDays * 24 * 60 * 60 })
    .where(({ expiresAt }, { notExists, lt }) => `${notExists(expiresAt)} OR ${lt(expiresAt, nowSeconds)}`)
    .commit();
}

/**
 * Runs a transaction whose first write is `remember`. Throws `AlreadyHandledError` when the delivery has had its
 * effect, and `ConditionFailedError` when a condition of the effect itself did not hold: then decide anew.
 */
export async function once(delivery: Delivery, transact: () => Promise<Outcome>): Promise<void> {
  const { canceled, data } = await untilUncontended(delivery.eventId, transact);
  if (!canceled) return note({ idempotency: "new" });
  if (data[0]?.code === "ConditionalCheckFailed") {
    note({ idempotency: "duplicate" });
    throw new AlreadyHandledError(delivery);
  }
  throw new ConditionFailedError(`a condition of the effect of ${delivery.eventId} did not hold`);
}
