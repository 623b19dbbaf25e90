/** What is known of a user, and how they take it along or have it erased. */
import { type Cause, UserErased, UserUpdated } from "@cartwright/events";
import { now } from "../clock.ts";
import { StaleVersionError } from "../error.ts";
import { fact } from "../outbox.ts";
import type { Export, Info, Update } from "./schema.ts";
import { change, changeKnown, existing, isUser, read, type User } from "./store.ts";

export async function fromID(userId: string): Promise<Info> {
  return serialize(await existing(userId));
}

/** What changes nothing is not written. Throws `StaleVersionError` unless the user is at `expectedVersion`. */
export async function update(userId: string, update: Update, expectedVersion: number, cause: Cause): Promise<Info> {
  const { name, phone } = update;
  const set = {
    ...(name !== undefined && { name: name ?? undefined }),
    ...(phone !== undefined && { phone: phone ?? undefined }),
  };
  const user = await change(userId, cause, (before) => {
    refuseStale(before, expectedVersion);
    const after = { ...before, ...set };
    if (after.name === before.name && after.phone === before.phone) return undefined;
    return { set, facts: [fact(UserUpdated, { userId })] };
  });
  return serialize(user);
}

/**
 * Removes all that is known of the user in one write, whose event has the account deleted and others erase what they keep.
 * Afterwards there is no such user, and to close the account once more is no error. Throws `StaleVersionError` unless the
 * user is at `expectedVersion`.
 */
export async function erase(userId: string, expectedVersion: number, cause: Cause): Promise<void> {
  await changeKnown(userId, cause, (user) => {
    if (!isUser(user)) return undefined;
    refuseStale(user, expectedVersion);
    return erasure(userId);
  });
}

/** As `erase`, at whatever version. Whoever was never written down is as good as erased. */
export async function eraseIfThere(userId: string, cause: Cause): Promise<void> {
  if (!(await read(userId))) return;
  await changeKnown(userId, cause, (user) => (isUser(user) ? erasure(userId) : undefined));
}

/** All that this domain keeps of a user, and where they read the rest: no domain reads another's table. */
export async function takeAlong(userId: string): Promise<Export> {
  const user = await existing(userId);
  return {
    exportedAt: now().toISOString(),
    user: serialize(user),
    addresses: user.addresses ?? [],
    elsewhere: [
      { what: "orders, each with its lines, address, parcels and returns", method: "GET", href: "/orders" },
      { what: "what has happened to an order", method: "GET", href: "/orders/{id}/timeline" },
      { what: "the payment of an order: its id with pay_ instead of ord_", method: "GET", href: "/payments/{id}" },
      { what: "the cart", method: "GET", href: "/carts/mine" },
    ],
  };
}

function erasure(userId: string) {
  const nothing = { email: undefined, name: undefined, phone: undefined, addresses: undefined };
  return { set: { ...nothing, erasedAt: now().toISOString() }, facts: [fact(UserErased, { userId })] };
}

function refuseStale(user: User, expectedVersion: number): void {
  if (user.version !== expectedVersion) throw new StaleVersionError("the user", expectedVersion);
}

function serialize({ userId, email, name, phone, version, createdAt }: User): Info {
  return {
    id: userId,
    email,
    ...(name !== undefined && { name }),
    ...(phone !== undefined && { phone }),
    version,
    createdAt,
  };
}
