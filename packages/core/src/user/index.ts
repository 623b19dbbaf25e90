export * as User from "./index.ts";

import { type Cause, idFromUuid, idSchema, UserRegistered } from "@cartwright/events";
import { decodeJwt } from "jose";
import * as z from "zod";
import { applied, reaching } from "../aws-fault.ts";
import { now } from "../clock.ts";
import { DomainError } from "../error.ts";
import { fact, record } from "../outbox.ts";
import { authenticate, signUp, type Tokens } from "./identity.ts";
import { type UserItem, users } from "./user.entity.ts";

export { BadCredentialsError, EmailTakenError } from "./identity.ts";

export const ID = idSchema("usr");

export const Info = z.object({ id: ID, email: z.email(), version: z.int(), createdAt: z.iso.datetime() });
export type Info = z.infer<typeof Info>;

export const Credentials = z.strictObject({
  email: z.string().trim().toLowerCase().pipe(z.email().max(254)),
  password: z.string().min(1).max(256),
});
export type Credentials = z.infer<typeof Credentials>;

export class NotFoundError extends DomainError {
  override name = "UserNotFoundError";
  constructor(userId: string) {
    super("not_found", "user_not_found", `there is no user ${userId}`);
  }
}

/** The id of the user whom the identity provider knows by `sub`. */
export function idFromSub(sub: string): string {
  return idFromUuid("usr", sub);
}

/** Creates the account and the user. If we die in between, signing in completes it. */
export async function register({ email, password }: Credentials, cause: Cause): Promise<Info> {
  const sub = await signUp(email, password);
  return ensure(idFromSub(sub), email, cause);
}

/** Signs in, and writes the user down whose registration was cut short. */
export async function signIn({ email, password }: Credentials, cause: Cause): Promise<Tokens> {
  const tokens = await authenticate(email, password);
  const userId = idFromSub(decodeJwt(tokens.accessToken).sub!);
  const { data } = await reaching("users", users().get({ userId }).go({ consistent: true }));
  if (!data) await ensure(userId, email, cause);
  return tokens;
}

/** Writes the user down unless they are known; safe to repeat. */
export async function ensure(userId: string, email: string, cause: Cause): Promise<Info> {
  const createdAt = now();
  const written = record(userId, 0, createdAt, cause, [fact(UserRegistered, { userId })]);
  const user = { userId, email, createdAt: createdAt.toISOString(), ...written };
  const isNew = await applied("users", users().create(user).go());
  return isNew ? serialize(user) : fromID(userId);
}

export async function fromID(userId: string): Promise<Info> {
  const { data } = await reaching("users", users().get({ userId }).go({ consistent: true }));
  if (!data) throw new NotFoundError(userId);
  return serialize(data);
}

function serialize({ userId, email, version, createdAt }: UserItem): Info {
  return { id: userId, email, version, createdAt };
}
