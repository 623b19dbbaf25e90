/** The identity provider: a Cognito user pool, which keeps the passwords and signs the tokens. */
import {
  AdminConfirmSignUpCommand,
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
  SignUpCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { Resource } from "sst";
import { DomainError, InvalidError, UnavailableError } from "../error.ts";
import { lazy } from "../lazy.ts";

export interface Tokens {
  accessToken: string;
  refreshToken: string;
  expiresInSeconds: number;
}

export class EmailTakenError extends DomainError {
  override name = "EmailTakenError";
  constructor() {
    super("conflict", "email_taken", "there is an account for this email already: sign in");
  }
}

export class BadCredentialsError extends DomainError {
  override name = "BadCredentialsError";
  constructor() {
    super("unauthenticated", "bad_credentials", "email or password is wrong");
  }
}

const cognito = lazy(() => new CognitoIdentityProviderClient({}));

/** Creates the account and answers its `sub`, a UUID. */
export async function signUp(email: string, password: string): Promise<string> {
  const { clientId } = Resource.Identity;
  try {
    const answer = await cognito().send(new SignUpCommand({ ClientId: clientId, Username: email, Password: password }));
    await confirmSignUp(email);
    return answer.UserSub!;
  } catch (error) {
    throw explain(error);
  }
}

export async function authenticate(email: string, password: string): Promise<Tokens> {
  try {
    return await initiate(email, password);
  } catch (error) {
    if (!(error instanceof Error && error.name === "UserNotConfirmedException")) throw explain(error);
  }
  // Signing up was cut short before its confirmation; the password was right, so complete it.
  try {
    await confirmSignUp(email);
    return await initiate(email, password);
  } catch (error) {
    throw explain(error);
  }
}

async function initiate(email: string, password: string): Promise<Tokens> {
  const { AuthenticationResult: result } = await cognito().send(
    new InitiateAuthCommand({
      AuthFlow: "USER_PASSWORD_AUTH",
      ClientId: Resource.Identity.clientId,
      AuthParameters: { USERNAME: email, PASSWORD: password },
    }),
  );
  if (!result?.AccessToken || !result.RefreshToken) throw new UnavailableError("sign-in needs a step we don't offer");
  const { AccessToken: accessToken, RefreshToken: refreshToken } = result;
  return { accessToken, refreshToken, expiresInSeconds: result.ExpiresIn ?? 3600 };
}

/** Accounts are usable at once: nothing is sold on the strength of an email address. */
async function confirmSignUp(email: string): Promise<void> {
  await cognito().send(new AdminConfirmSignUpCommand({ UserPoolId: Resource.Identity.userPoolId, Username: email }));
}

/** Cognito names its faults; we answer the same for a wrong password and an unknown email. */
function explain(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DomainError) return error;
  switch (error.name) {
    case "UsernameExistsException":
      return new EmailTakenError();
    case "NotAuthorizedException":
    case "UserNotFoundException":
    case "UserNotConfirmedException":
      return new BadCredentialsError();
    case "InvalidPasswordException":
      return new InvalidError("weak_password", "the password is too weak", [
        { path: "password", code: "weak_password", message: error.message },
      ]);
    case "InvalidParameterException":
      return new InvalidError("invalid_credentials", error.message);
    default:
      return new UnavailableError(`the identity provider could not be reached (${error.name})`, error);
  }
}
