import { DomainError, InvalidError, UnavailableError } from "../error.ts";
import { BadCredentialsError, TooManyAttemptsError, WeakPasswordError } from "./identity.ts";

export function isNamed(error: unknown, ...names: string[]): error is Error {
  return error instanceof Error && names.includes(error.name);
}

/** Nothing of Cognito's own words is passed on or kept as a cause: they may repeat what somebody has typed. */
export function explain(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DomainError) return error;
  switch (error.name) {
    case "NotAuthorizedException":
    case "UserNotFoundException":
    case "UserNotConfirmedException":
    case "PasswordResetRequiredException":
      return new BadCredentialsError();
    case "InvalidPasswordException":
      return new WeakPasswordError("the password is too weak");
    case "InvalidParameterException":
      return new InvalidError("invalid_credentials", "this email or password can't be used");
    case "LimitExceededException":
    case "TooManyRequestsException":
      return new TooManyAttemptsError();
    default:
      return new UnavailableError(`the identity provider could not be reached (${error.name})`);
  }
}

/**
 * Tells a client secret that is wrong, which is our mistake, from what callers do wrong: both have the same name, so its words
 * are looked at, and not passed on. Not for a refresh, where a caller's token can make the hash wrong.
 */
export async function asOurClient<Answered>(asking: Promise<Answered>): Promise<Answered> {
  try {
    return await asking;
  } catch (error) {
    const isAboutSecret = isNamed(error, "NotAuthorizedException") && /secret\s?hash|SECRET_HASH/i.test(error.message);
    if (!isAboutSecret) throw error;
    throw new UnavailableError("the identity provider does not take our client secret");
  }
}
