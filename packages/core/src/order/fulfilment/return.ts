import { type Cause, deriveId } from "@cartwright/events";
import type { Actor } from "../../actor.ts";
import { now } from "../../clock.ts";
import { KeyReusedError } from "../../error.ts";
import { fingerprintOf, isSameRequest } from "../../fingerprint.ts";
import type { OrderItem } from "../order.entity.ts";
import type { OrderChange } from "../rule.ts";
import type { DeclineReturn, ReceiveReturn, RequestReturn, Return } from "../schema.ts";
import { serializeReturn } from "../serialize.ts";
import { change, visible } from "../store.ts";
import * as rule from "./return-rule.ts";

interface Staff {
  actorId: string;
  idempotencyKey: string;
}

/**
 * Asks to send goods back, for the order's owner or for staff. The same key and input is the same return, answered as
 * it was asked for, whatever has become of it. Throws `NotFoundError`, also for an order of somebody else,
 * `KeyReusedError`, and `NotReturnableError`, naming the lines that are too many.
 */
export async function requestReturn(
  orderId: string,
  input: RequestReturn,
  by: { actor: Actor; idempotencyKey: string },
  cause: Cause,
): Promise<{ given: Return; replayed: boolean }> {
  const id = deriveId("ret", orderId, by.actor.userId, by.idempotencyKey);
  const fingerprint = fingerprintOf(input);
  const { lines, reason } = input;
  const createdAt = now().toISOString();
  let replayed = false;
  const order = await change(orderId, cause, (item) => {
    visible(item, orderId, by.actor);
    replayed = item.returns?.some((one) => one.id === id) ?? false;
    if (replayed) return undefined;
    return rule.requestReturn(item, { id, lines, ...(reason && { reason }), createdAt, fingerprint });
  });
  const { settled: _, ...asked } = rule.returnOf(order, id);
  if (!isSameRequest(asked.fingerprint, fingerprint)) throw new KeyReusedError();
  return { given: serializeReturn(order, asked), replayed };
}

/**
 * Takes goods back that were asked to be returned, all or some; their refund and restocking follow from its event. The
 * same key and input changes nothing. Throws `NotFoundError`, `ReturnNotFoundError`, `ReturnSettledError`,
 * `KeyReusedError`, and `NotReceivableError`, naming the lines that are too many.
 */
export function receiveReturn(orderId: string, returnId: string, input: ReceiveReturn, by: Staff, cause: Cause) {
  return settle(orderId, returnId, { command: "receive", input, by }, cause, (item, settlement) =>
    rule.receiveReturn(item, returnId, { ...settlement, ...input, status: "received" }),
  );
}

/**
 * Refuses goods that were asked to be returned. The same key and input changes nothing. Throws `NotFoundError`,
 * `ReturnNotFoundError`, `ReturnSettledError` and `KeyReusedError`.
 */
export function declineReturn(orderId: string, returnId: string, input: DeclineReturn, by: Staff, cause: Cause) {
  return settle(orderId, returnId, { command: "decline", input, by }, cause, (item, settlement) =>
    rule.declineReturn(item, returnId, { ...settlement, ...input, status: "declined" }),
  );
}

/** A return is settled once, by the first request; its key tells that one, when it is repeated, from any other. */
async function settle(
  orderId: string,
  returnId: string,
  { command, input, by }: { command: string; input: ReceiveReturn | DeclineReturn; by: Staff },
  cause: Cause,
  decide: (item: OrderItem, settlement: { at: string; key: string; fingerprint: string }) => OrderChange,
): Promise<{ given: Return; replayed: boolean }> {
  const key = fingerprintOf([by.actorId, by.idempotencyKey]);
  const fingerprint = fingerprintOf([command, input]);
  const at = now().toISOString();
  let replayed = false;
  const order = await change(orderId, cause, (item) => {
    const { settled } = rule.returnOf(item, returnId);
    replayed = settled?.key === key;
    return replayed ? undefined : decide(item, { at, key, fingerprint });
  });
  const given = rule.returnOf(order, returnId);
  if (!isSameRequest(given.settled?.fingerprint, fingerprint)) throw new KeyReusedError();
  return { given: serializeReturn(order, given), replayed };
}
