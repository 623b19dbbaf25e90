import type { CancelReason, Cause } from "@cartwright/events";
import type { Actor } from "../actor.ts";
import { fingerprintOf } from "../fingerprint.ts";
import * as rule from "./rule.ts";
import type { Cancellation } from "./schema.ts";
import { change, read, visible } from "./store.ts";

/**
 * Cancels an order that is still to be fulfilled, for its owner or for staff. What it holds is given back by its
 * checkout, so the order is `cancelled` a little later. Repeating it changes nothing; `replayed` says that this very
 * request did it before. Throws `NotCancellableError`; an order of somebody else is not found.
 */
export async function requestCancellation(
  orderId: string,
  by: { actor: Actor; idempotencyKey: string },
  cause: Cause,
): Promise<{ cancellation: Cancellation; replayed: boolean }> {
  const seen = visible(await read(orderId), orderId, by.actor);
  const cancelKey = fingerprintOf([by.actor.userId, by.idempotencyKey]);
  const asker = seen.customerId === by.actor.userId ? "customer" : "staff";
  const order = await change(orderId, cause, (item) => rule.requestCancellation(item, asker, cancelKey));
  const reason = (order.abandonedFor ?? order.reason) as CancelReason;
  const replayed = seen.cancelKey === cancelKey;
  const isOver = seen.status === "cancelled" && !replayed;
  return { cancellation: { orderId, status: isOver ? "cancelled" : "cancelling", reason }, replayed };
}
