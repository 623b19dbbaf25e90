/** The identity provider that is a Cognito user pool, whose users sign in by email. */
import { createHmac } from "node:crypto";
import {
  type CognitoIdentityProviderClient,
  ConfirmForgotPasswordCommand,
  ConfirmSignUpCommand,
  ForgotPasswordCommand,
  InitiateAuthCommand,
  RevokeTokenCommand,
  SignUpCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { decodeJwt } from "jose";
import { UnavailableError } from "../error.ts";
import { asOurClient, explain, isNamed } from "./cognito-fault.ts";
import {
  BadCredentialsError,
  BadRefreshTokenError,
  type IdentityProvider,
  type Tokens,
  WrongResetCodeError,
} from "./identity.ts";

export interface CognitoOptions {
  client: CognitoIdentityProviderClient;
  clientId: string;
  /** Anybody may call Cognito, past our rules and limits, who knows the id of a client without a secret. */
  clientSecret: string;
}

export function cognito({ client, clientId: ClientId, clientSecret }: CognitoOptions): IdentityProvider {
  return { signUp, authenticate, refresh, revoke, requestReset, resetPassword };

  async function signUp(email: string, password: string): Promise<void> {
    try {
      await asOurClient(client.send(new SignUpCommand({ ...by(email), Password: password })));
    } catch (error) {
      if (!isNamed(error, "UsernameExistsException")) throw explain(error);
    }
  }

  async function authenticate(email: string, password: string, confirmationCode?: string): Promise<Tokens> {
    try {
      return await initiate(email, password);
    } catch (error) {
      if (!isNamed(error, "UserNotConfirmedException")) throw refusedSignIn(error);
    }
    if (confirmationCode === undefined) throw new BadCredentialsError();
    await confirm(email, confirmationCode);
    try {
      return await initiate(email, password);
    } catch (error) {
      throw refusedSignIn(error);
    }
  }

  async function refresh(refreshToken: string): Promise<Omit<Tokens, "refreshToken">> {
    const { sub, token } = parse(refreshToken) ?? {};
    if (!sub || !token) throw new BadRefreshTokenError();
    const AuthParameters = { REFRESH_TOKEN: token, SECRET_HASH: secretHash(sub) };
    const request = new InitiateAuthCommand({ AuthFlow: "REFRESH_TOKEN_AUTH", ClientId, AuthParameters });
    try {
      const { AuthenticationResult: result } = await client.send(request);
      if (!result?.AccessToken || !result.ExpiresIn) throw incomplete();
      return { accessToken: result.AccessToken, expiresInSeconds: result.ExpiresIn };
    } catch (error) {
      if (isNamed(error, ...refusalsOfTokens)) throw new BadRefreshTokenError();
      throw explain(error);
    }
  }

  async function revoke(refreshToken: string): Promise<void> {
    const { token } = parse(refreshToken) ?? {};
    if (!token) return;
    try {
      await client.send(new RevokeTokenCommand({ ClientId, ClientSecret: clientSecret, Token: token }));
    } catch (error) {
      if (!isNamed(error, ...refusalsOfTokens)) throw explain(error);
    }
  }

  async function requestReset(email: string): Promise<void> {
    try {
      await asOurClient(client.send(new ForgotPasswordCommand(by(email))));
    } catch (error) {
      if (!isNamed(error, ...refusalsOfAccounts)) throw explain(error);
    }
  }

  async function resetPassword(email: string, password: string, code: string): Promise<void> {
    const request = { ...by(email), Password: password, ConfirmationCode: code };
    try {
      await asOurClient(client.send(new ConfirmForgotPasswordCommand(request)));
    } catch (error) {
      if (isNamed(error, ...refusalsOfCodes, ...refusalsOfAccounts)) throw new WrongResetCodeError();
      throw explain(error);
    }
  }

  async function initiate(email: string, password: string): Promise<Tokens> {
    const AuthParameters = { USERNAME: email, PASSWORD: password, SECRET_HASH: secretHash(email) };
    const request = new InitiateAuthCommand({ AuthFlow: "USER_PASSWORD_AUTH", ClientId, AuthParameters });
    const { AuthenticationResult: result } = await asOurClient(client.send(request));
    if (!result?.AccessToken || !result.RefreshToken || !result.ExpiresIn) throw incomplete();
    const { AccessToken: accessToken, RefreshToken: token, ExpiresIn: expiresInSeconds } = result;
    return { accessToken, refreshToken: `${decodeJwt(accessToken).sub}.${token}`, expiresInSeconds };
  }

  async function confirm(email: string, code: string): Promise<void> {
    try {
      await asOurClient(client.send(new ConfirmSignUpCommand({ ...by(email), ConfirmationCode: code })));
    } catch (error) {
      // Another request of theirs was faster.
      if (isNamed(error, "NotAuthorizedException")) return;
      throw isNamed(error, ...refusalsOfConfirmations) ? new BadCredentialsError() : refusedSignIn(error);
    }
  }

  function by(email: string) {
    return { ClientId, Username: email, SecretHash: secretHash(email) };
  }

  /** Cognito wants that of the username that is sent along, and for a refresh, where none is, of the real one: the `sub`. */
  function secretHash(username: string): string {
    return createHmac("sha256", clientSecret)
      .update(username + ClientId)
      .digest("base64");
  }
}

/** Whose it is, and Cognito's own token. */
function parse(refreshToken: string): { sub: string; token: string } | undefined {
  const [, sub, token] = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([\w.=-]+)$/.exec(refreshToken) ?? [];
  return sub && token ? { sub, token } : undefined;
}

const refusalsOfTokens = [
  "InvalidParameterException",
  "NotAuthorizedException",
  "RefreshTokenReuseException",
  "UnauthorizedException",
  "UnsupportedTokenTypeException",
  "UserNotFoundException",
];

/** That an account can't have its password reset (again so soon) says that there is one. */
const refusalsOfAccounts = [
  "InvalidParameterException",
  "LimitExceededException",
  "NotAuthorizedException",
  "UserNotConfirmedException",
  "UserNotFoundException",
];

/** Cognito tells an account that has asked for no code `ExpiredCodeException`, and no account `CodeMismatchException`. */
const refusalsOfCodes = ["CodeMismatchException", "ExpiredCodeException", "TooManyFailedAttemptsException"];

/** Whoever registers an email and signs in would learn by any of them that it had no account, and by no other answer. */
const refusalsOfConfirmations = [
  ...refusalsOfCodes,
  "AliasExistsException",
  "LimitExceededException",
  "UserNotFoundException",
];

function refusedSignIn(error: unknown): unknown {
  return isNamed(error, "InvalidParameterException") ? new BadCredentialsError() : explain(error);
}

/** A challenge, such as a second factor, which only an administrator can have asked for. */
function incomplete(): UnavailableError {
  return new UnavailableError("sign-in needs a step we don't offer");
}
