/** Whoever orders without an account: a customer of one order, whom its token lets in. */
import { deriveId, idSchema } from "@cartwright/events";
import type { Actor } from "./actor.ts";
import { InvalidError } from "./error.ts";
import { sign, verify } from "./sign.ts";

const purpose = "guest";

/** Nothing else tells guests apart, so their key must be one that nobody else can come upon. */
const randomUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/**
 * The ids of a guest's order and of its customer: the same for the same key. Throws `InvalidError` for a key that is no
 * random UUID.
 */
export function guestIdsOf(idempotencyKey: string): { orderId: string; customerId: string } {
  if (!randomUuid.test(idempotencyKey)) {
    throw new InvalidError(
      "invalid_idempotency_key",
      "without an account the Idempotency-Key has to be a random UUID (version 4 or 7): nothing else tells guests apart",
    );
  }
  // However it is spelt, it is the same UUID.
  const orderId = deriveId("ord", "guest", idempotencyKey.toLowerCase());
  return { orderId, customerId: customerIdOf(orderId) };
}

/** Opens a guest's order to whoever holds it, as `Authorization: Guest <token>`. It can't be revoked. */
export function guestTokenOf(orderId: string): string {
  return `${orderId}.${sign(purpose, orderId)}`;
}

/** Whom a guest's token lets in; nobody, if we have not given it out. */
export function actorOfGuest(token: string): Actor | undefined {
  const [orderId = "", signature = "", ...more] = token.split(".");
  if (more.length > 0 || !idSchema("ord").safeParse(orderId).success) return undefined;
  if (!verify(purpose, orderId, signature)) return undefined;
  return { userId: customerIdOf(orderId), roles: ["guest"] };
}

function customerIdOf(orderId: string): string {
  return deriveId("usr", "guest", orderId);
}
