/** What becomes of accounts at the identity provider: they end with their users, and when nobody has confirmed them. */
import { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { type Cause, idFromUuid, uuidFromId } from "@cartwright/events";
import { Resource } from "sst";
import { now } from "../clock.ts";
import { lazy } from "../lazy.ts";
import { metered } from "../metered.ts";
import { cognitoAccounts } from "./cognito-account.ts";
import { BadCredentialsError } from "./identity.ts";
import { eraseIfThere } from "./profile.ts";
import { ensure } from "./store.ts";
import type { UserItem } from "./user.entity.ts";

/** Twice as long as the code is good that would confirm it. */
const unconfirmedForMs = 2 * 24 * 60 * 60 * 1000;

/** What is left then is for the next run. */
const sweepForMs = 10 * 60 * 1000;

export const accounts = lazy(() =>
  cognitoAccounts({ client: metered(new CognitoIdentityProviderClient({})), userPoolId: Resource.Identity.userPoolId }),
);

/** The id of the user whom the identity provider knows by `sub`. */
export function idFromSub(sub: string): string {
  return idFromUuid("usr", sub);
}

/** Deletes the account of a user who has been erased. Safe to repeat. */
export async function deleteAccount(userId: string): Promise<void> {
  await accounts().remove(uuidFromId(userId));
}

/**
 * Deletes accounts that nobody has confirmed in two days, and with them the emails of people who may never have heard of
 * us. Safe to repeat, and at the same time. Takes ten minutes at most; `isComplete` says whether it came to the end.
 */
export async function sweepAccounts(cause: Cause): Promise<{ deleted: number; isComplete: boolean }> {
  const startedAtMs = now().getTime();
  let deleted = 0;
  for await (const { sub, createdAt } of accounts().unconfirmed()) {
    if (now().getTime() - startedAtMs > sweepForMs) return { deleted, isComplete: false };
    if (startedAtMs - createdAt.getTime() < unconfirmedForMs) continue;
    if (await discardUnconfirmed(sub, cause)) deleted++;
  }
  return { deleted, isComplete: true };
}

/**
 * Deletes an account, by email or `sub`, unless it is confirmed. Between the look and the deletion its owner may confirm it
 * and sign in: they are erased then as if they had closed it, so that neither they nor an order of theirs are forgotten.
 */
export async function discardUnconfirmed(username: string, cause: Cause): Promise<boolean> {
  const account = await accounts().find(username);
  if (!account || account.isConfirmed) return false;
  await accounts().remove(account.sub);
  await eraseIfThere(idFromSub(account.sub), cause);
  return true;
}

/**
 * Writes down whoever signs in for the first time. Throws `BadCredentialsError` when their account was discarded since it
 * let them in: `discardUnconfirmed` looks for the user after the account is gone, and this looks the other way round.
 */
export async function welcome(sub: string, email: string, cause: Cause): Promise<UserItem> {
  const user = await ensure(idFromSub(sub), email, cause);
  if (await accounts().find(sub)) return user;
  await eraseIfThere(idFromSub(sub), cause);
  throw new BadCredentialsError();
}
