import { type Cause, deriveId } from "@cartwright/events";
import { now } from "../../clock.ts";
import { KeyReusedError } from "../../error.ts";
import { fingerprintOf, isSameRequest } from "../../fingerprint.ts";
import type { Fulfil, Fulfilment } from "../schema.ts";
import { serializeFulfilment } from "../serialize.ts";
import { change } from "../store.ts";
import * as rule from "./fulfilment-rule.ts";
import { shortageOf } from "./shortage.ts";

/**
 * Records that goods were handed to a carrier; the stock follows from its event. The same key and input is the same
 * fulfilment. This and a cancellation are writes of one item, so one of them comes first. Throws `NotFoundError`,
 * `KeyReusedError`, and `NotFulfillableError`, naming the lines that are too many.
 */
export async function fulfil(
  orderId: string,
  input: Fulfil,
  by: { actorId: string; idempotencyKey: string },
  cause: Cause,
): Promise<{ fulfilment: Fulfilment; replayed: boolean }> {
  const id = deriveId("ful", orderId, by.actorId, by.idempotencyKey);
  const fingerprint = fingerprintOf(input);
  const { lines, tracking } = input;
  const createdAt = now().toISOString();
  const { owed } = await shortageOf(orderId, { consistent: true });
  let replayed = false;
  const order = await change(orderId, cause, (item) => {
    replayed = item.fulfilments?.some((one) => one.id === id) ?? false;
    if (replayed) return undefined;
    return rule.fulfil(item, { id, lines, ...(tracking && { tracking }), createdAt, fingerprint }, owed);
  });
  const stored = order.fulfilments!.find((one) => one.id === id)!;
  if (!isSameRequest(stored.fingerprint, fingerprint)) throw new KeyReusedError();
  return { fulfilment: serializeFulfilment(order, stored), replayed };
}
