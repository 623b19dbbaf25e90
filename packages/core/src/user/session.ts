/** Registering, and what comes of it: sessions, and passwords that are forgotten. */
import { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import type { Cause } from "@cartwright/events";
import { decodeJwt } from "jose";
import { Resource } from "sst";
import { lazy } from "../lazy.ts";
import { metered } from "../metered.ts";
import { accounts, discardUnconfirmed, idFromSub, welcome } from "./account.ts";
import { cognito } from "./cognito.ts";
import { BadCredentialsError, BadRefreshTokenError, type Tokens } from "./identity.ts";
import { refuseWeak } from "./password.ts";
import type {
  Credentials,
  PasswordResetRequested,
  Refreshed,
  Registration,
  RequestPasswordReset,
  ResetPassword,
  SignIn,
} from "./schema.ts";
import { isUser, read } from "./store.ts";

const provider = lazy(() => {
  const { clientId } = Resource.Identity;
  return cognito({
    // Trying again what was asked too often would take its time only where there is an account: that could be measured.
    client: metered(new CognitoIdentityProviderClient({ maxAttempts: 1 })),
    clientId,
    clientSecret: Resource.IdentityClient.secret,
  });
});

/**
 * Has a code emailed, with which the account can be used; one that was never confirmed is replaced. Whoever has an account
 * already is sent nothing, and the answer is the same: nobody learns by it whose email has one. Throws `WeakPasswordError`.
 */
export async function register({ email, password }: Credentials, cause: Cause): Promise<Registration> {
  refuseWeak(password);
  // Asked for always, so that an email that is taken costs as many calls as a new one.
  await discardUnconfirmed(email, cause);
  await provider().signUp(email, password);
  return { email, confirmation: "emailed" };
}

/** Signs in, confirming the account if that is still to be done. The first time, the user is written down. */
export async function signIn({ email, password, confirmationCode }: SignIn, cause: Cause): Promise<Tokens> {
  const tokens = await provider().authenticate(email, password, confirmationCode);
  const sub = subOf(tokens);
  const user = (await read(idFromSub(sub))) ?? (await welcome(sub, email, cause));
  // Their account at the identity provider is about to be deleted.
  if (!isUser(user)) throw new BadCredentialsError();
  return tokens;
}

/** Answers a new access token. Throws `BadRefreshTokenError`. */
export async function refresh(refreshToken: string): Promise<Refreshed> {
  const tokens = await provider().refresh(refreshToken);
  const user = await read(idFromSub(subOf(tokens)));
  if (user && !isUser(user)) throw new BadRefreshTokenError();
  return tokens;
}

/** Access tokens that it has got live on for their minutes. A token that is not valid is no error. */
export async function signOut(refreshToken: string): Promise<void> {
  await provider().revoke(refreshToken);
}

/** Has a code emailed, with which a new password is set. The answer is the same where there is no account, or none yet. */
export async function requestPasswordReset({ email }: RequestPasswordReset): Promise<PasswordResetRequested> {
  await provider().requestReset(email);
  return { email, confirmation: "emailed" };
}

/**
 * Sets a new password by the code, once, and ends all sessions; access tokens live on for their minutes. Throws
 * `WrongResetCodeError` and `WeakPasswordError`. After a crash in between the new password holds and sessions live on,
 * while the code is used up: whoever tries again is told to ask for another, and that one ends them.
 */
export async function resetPassword({ email, password, confirmationCode }: ResetPassword): Promise<void> {
  refuseWeak(password);
  await provider().resetPassword(email, password, confirmationCode);
  // Not before the code has proved who it is: else anybody could sign anybody out.
  await accounts().revokeAll(email);
}

function subOf({ accessToken }: Pick<Tokens, "accessToken">): string {
  return decodeJwt(accessToken).sub!;
}
