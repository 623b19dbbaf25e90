import type { Actor } from "@cartwright/core/actor";
import { DomainError } from "@cartwright/core/error";
import { User } from "@cartwright/core/user";
import type { MiddlewareHandler } from "hono";
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { Resource } from "sst";
import * as z from "zod";
import type { Env } from "./router.ts";

export class UnauthenticatedError extends DomainError {
  override name = "UnauthenticatedError";
  constructor(detail: string, cause?: unknown) {
    super("unauthenticated", "unauthenticated", detail, { cause });
  }
}

export class StaffOnlyError extends DomainError {
  override name = "StaffOnlyError";
  constructor() {
    super("forbidden", "staff_only", "this is for staff");
  }
}

/** No token that our identity provider signs comes near this; parsing a longer one would be work for a stranger. */
const maximumTokenBytes = 8 * 1024;

const Claims = z.object({
  sub: z.uuid(),
  token_use: z.literal("access"),
  client_id: z.string(),
  "cognito:groups": z.array(z.string()).default([]),
});

/** Lets signed-in callers pass, as customers or staff. */
export function signedIn(): MiddlewareHandler<Env> {
  return async function requireSignedIn(c, next) {
    c.set("actor", await authenticate(c.req.header("Authorization")));
    await next();
  };
}

/** Lets everybody pass, and knows those who sent a token. A token that is not valid is refused all the same. */
export function maybeSignedIn(): MiddlewareHandler<Env> {
  return async function identifyCaller(c, next) {
    const authorization = c.req.header("Authorization");
    if (authorization !== undefined) c.set("actor", await authenticate(authorization));
    await next();
  };
}

/** Lets staff pass. */
export function staff(): MiddlewareHandler<Env> {
  return async function requireStaff(c, next) {
    const actor = await authenticate(c.req.header("Authorization"));
    if (!actor.roles.includes("staff")) throw new StaffOnlyError();
    c.set("actor", actor);
    await next();
  };
}

/**
 * Verifies an access token: signature by the pool's published keys, RS256 alone, issuer, expiry, and that it is an
 * access token for our client. Cognito's access tokens name the client in `client_id` and carry no `aud`.
 */
async function authenticate(authorization: string | undefined): Promise<Actor> {
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? "")?.[1];
  if (!token) throw new UnauthenticatedError("send an access token as Authorization: Bearer …");
  if (token.length > maximumTokenBytes) throw new UnauthenticatedError("the access token is too long");
  const { issuer, clientId } = Resource.Identity;
  const claims = await verify(token, issuer);
  if (claims.client_id !== clientId) throw new UnauthenticatedError("the access token is for another application");
  const roles: Actor["roles"] = claims["cognito:groups"].includes("staff") ? ["customer", "staff"] : ["customer"];
  return { userId: User.idFromSub(claims.sub), roles };
}

async function verify(token: string, issuer: string): Promise<z.infer<typeof Claims>> {
  try {
    const { payload } = await jwtVerify(token, keysOf(issuer), {
      issuer,
      algorithms: ["RS256"],
      requiredClaims: ["exp", "iat", "sub"],
      clockTolerance: 5,
    });
    return Claims.parse(payload);
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new UnauthenticatedError("the access token has expired", error);
    if (isRefusal(error)) {
      throw new UnauthenticatedError("the access token is not valid here", error);
    }
    throw new DomainError("unavailable", "identity_unavailable", "the identity provider's keys could not be read", {
      cause: error,
    });
  }
}

/** jose also throws its base class for keys it could not fetch: that says nothing about the token. */
function isRefusal(error: unknown): boolean {
  if (error instanceof z.ZodError) return true;
  if (!(error instanceof errors.JOSEError)) return false;
  return ![errors.JWKSTimeout.code, errors.JWKSInvalid.code, errors.JOSEError.code].includes(error.code);
}

const keySets = new Map<string, JWTVerifyGetKey>();

function keysOf(issuer: string): JWTVerifyGetKey {
  let keys = keySets.get(issuer);
  if (!keys) {
    keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
    keySets.set(issuer, keys);
  }
  return keys;
}
