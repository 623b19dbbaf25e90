/** Who keeps the passwords and signs the tokens. Passwords and codes pass through to it; nothing of ours keeps them. */
import { DomainError, InvalidError } from "../error.ts";

export interface Tokens {
  accessToken: string;
  refreshToken: string;
  expiresInSeconds: number;
}

/** Every operation is safe to repeat. Throws `TooManyAttemptsError` when its provider has had enough of somebody. */
export interface IdentityProvider {
  /**
   * Makes an account that nobody can use before a code confirms it, which is sent to its email. Where there is one already,
   * it stays as it is, and the answer is the same. Throws `WeakPasswordError`.
   */
  signUp(email: string, password: string): Promise<void>;
  /**
   * The password of an account that is not confirmed yet opens it together with the code alone. Throws
   * `BadCredentialsError`, whatever is wrong: another answer would tell whoever has just registered an email if it was free.
   */
  authenticate(email: string, password: string, confirmationCode?: string): Promise<Tokens>;
  /** Throws `BadRefreshTokenError`. */
  refresh(refreshToken: string): Promise<Omit<Tokens, "refreshToken">>;
  /** A token that is not valid (any more) is as good as revoked. */
  revoke(refreshToken: string): Promise<void>;
  /**
   * Has a code emailed to the owner of a confirmed account, with which they set a new password. Nothing is sent to others,
   * and the answer is the same.
   */
  requestReset(email: string): Promise<void>;
  /** Sets a new password by the code; sessions live on. Throws `WrongResetCodeError` and `WeakPasswordError`. */
  resetPassword(email: string, password: string, confirmationCode: string): Promise<void>;
}

export interface Account {
  sub: string;
  isConfirmed: boolean;
  createdAt: Date;
}

/** The same accounts as an administrator sees them. Every operation is safe to repeat. */
export interface Accounts {
  /** By email or `sub`. */
  find(username: string): Promise<Account | undefined>;
  /** All that were unconfirmed when they were listed, in no order. */
  unconfirmed(): AsyncIterable<Account>;
  /** One that is gone is as good as removed. */
  remove(sub: string): Promise<void>;
  /** Revokes all refresh tokens. An account that is gone has none. */
  revokeAll(email: string): Promise<void>;
}

export class BadCredentialsError extends DomainError {
  override name = "BadCredentialsError";
  constructor() {
    super(
      "unauthenticated",
      "bad_credentials",
      "email, password or confirmation code is wrong; whoever has just registered sends the code that was emailed",
    );
  }
}

export class BadRefreshTokenError extends DomainError {
  override name = "BadRefreshTokenError";
  constructor() {
    super("unauthenticated", "bad_refresh_token", "the refresh token is not valid (any more): sign in again");
  }
}

/** One error for a wrong code, one that has expired, and an email without an account: else it would tell who has one. */
export class WrongResetCodeError extends InvalidError {
  override name = "WrongResetCodeError";
  constructor() {
    super("wrong_confirmation_code", "that is not the code that was emailed last, or it has expired: ask for another");
  }
}

export class WeakPasswordError extends InvalidError {
  override name = "WeakPasswordError";
  constructor(complaint: string) {
    super("weak_password", complaint, [{ path: "password", code: "weak_password", message: complaint }]);
  }
}

/** The identity provider doesn't take more of this for now. */
export class TooManyAttemptsError extends DomainError {
  override name = "TooManyAttemptsError";
  constructor() {
    super("unavailable", "too_many_attempts", "there were too many attempts: try again later");
  }
}
