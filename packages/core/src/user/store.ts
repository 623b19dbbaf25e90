/** How users are read, and how they are changed. */
import { type Cause, UserRegistered } from "@cartwright/events";
import { applied, reaching } from "../aws-fault.ts";
import { type Change, change as changeItem } from "../change.ts";
import { now } from "../clock.ts";
import { DomainError } from "../error.ts";
import { fact, record } from "../outbox.ts";
import type { SavedAddress } from "./schema.ts";
import { type UserItem, users } from "./user.entity.ts";

/** One who has not closed their account. */
export type User = UserItem & { email: string };

/** What is `undefined` is removed from the item. */
interface Next {
  email?: undefined;
  name?: string | undefined;
  phone?: string | undefined;
  addresses?: SavedAddress[] | undefined;
  erasedAt?: string;
}

export class NotFoundError extends DomainError {
  override name = "UserNotFoundError";
  constructor(userId: string) {
    super("not_found", "user_not_found", `there is no user ${userId}`);
  }
}

/** Also one who has closed their account, of whom nothing but that is known. */
export async function read(userId: string): Promise<UserItem | undefined> {
  const { data } = await reaching("users", users().get({ userId }).go({ consistent: true }));
  return data ?? undefined;
}

export async function existing(userId: string): Promise<User> {
  const user = await read(userId);
  if (!user || !isUser(user)) throw new NotFoundError(userId);
  return user;
}

export function isUser(user: UserItem): user is User {
  return user.erasedAt === undefined && user.email !== undefined;
}

/** Writes the user down, unless something is written already: answers what is there. Safe to repeat. */
export async function ensure(userId: string, email: string, cause: Cause): Promise<UserItem> {
  const createdAt = now();
  const written = record(userId, 0, createdAt, cause, [fact(UserRegistered, { userId })]);
  const user = { userId, email, createdAt: createdAt.toISOString(), ...written };
  const isNew = await applied("users", users().create(user).go());
  return isNew ? user : ((await read(userId)) ?? user);
}

export function change(userId: string, cause: Cause, decide: (user: User) => Change<Next> | undefined) {
  return changeItem<User, Next>(userId, cause, { read: () => existing(userId), write: writerOf(userId) }, decide);
}

/** As `change`, also of one who has closed their account. */
export function changeKnown(userId: string, cause: Cause, decide: (user: UserItem) => Change<Next> | undefined) {
  return changeItem<UserItem, Next>(userId, cause, { read: () => known(userId), write: writerOf(userId) }, decide);
}

async function known(userId: string): Promise<UserItem> {
  const user = await read(userId);
  if (!user) throw new NotFoundError(userId);
  return user;
}

function writerOf(userId: string) {
  return (next: Next & Written, expectedVersion: number) =>
    reaching("users", patch(userId, next, expectedVersion).go());
}

interface Written {
  version: number;
  outbox: string;
}

function patch(userId: string, next: Next & Written, expectedVersion: number) {
  const entries = Object.entries(next);
  const kept = Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Partial<User> & Written;
  const gone = entries.flatMap(([name, value]) => (value === undefined ? [name as "name"] : []));
  return users()
    .patch({ userId })
    .set(kept)
    .remove(gone)
    .where(({ version }, { eq }) => eq(version, expectedVersion));
}
