import type { Actor } from "@cartwright/core/actor";
import { DomainError, InvalidError } from "@cartwright/core/error";
import { actorOfGuest } from "@cartwright/core/guest";
import { downstream } from "@cartwright/core/spent";
import { User } from "@cartwright/core/user";
import type { Context, MiddlewareHandler } from "hono";
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { Resource } from "sst";
import * as z from "zod";
import { type Access, type Clause, enforcing } from "./describe.ts";
import { headerAsSent } from "./header.ts";
import { parseJson } from "./json.ts";
import { countCaller } from "./limit.ts";
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
  return enforcing(guarding("customer"), async function requireSignedIn(c, next) {
    c.set("actor", await authenticate(c.req.header("Authorization")));
    await countCaller(c);
    await next();
  });
}

/**
 * As `signedIn`, and lets a guest pass who sends the token of their order (`Authorization: Guest …`). They are its customer
 * and nobody else's, so whoever checks the owner of something lets them see that order alone.
 */
export function signedInOrGuest(): MiddlewareHandler<Env> {
  return enforcing(guarding("guest"), async function requireSignedInOrGuest(c, next) {
    const authorization = c.req.header("Authorization");
    c.set("actor", isGuests(authorization) ? authenticateGuest(authorization) : await authenticate(authorization));
    await countCaller(c);
    await next();
  });
}

/**
 * Lets everybody pass, and knows those who sent an access token. One that is not valid is refused all the same, and so is
 * a guest's token, which is for its order alone.
 */
export function maybeSignedIn(): MiddlewareHandler<Env> {
  return enforcing(guarding("optional"), async function identifyCaller(c, next) {
    // One that is empty says that somebody meant to be known.
    const authorization = headerAsSent(c, "Authorization");
    if (authorization !== undefined) c.set("actor", await authenticate(authorization));
    await countCaller(c);
    await next();
  });
}

/** Whom `maybeSignedIn` knows: nobody, of those who sent no token. */
export function callerOf(c: Context<Env>): Actor | undefined {
  return c.get("actor");
}

/** Lets staff pass. */
export function staff(): MiddlewareHandler<Env> {
  return enforcing(guarding("staff"), async function requireStaff(c, next) {
    const actor = await authenticate(c.req.header("Authorization"));
    c.set("actor", actor);
    await countCaller(c);
    if (!actor.roles.includes("staff")) throw new StaffOnlyError();
    await next();
  });
}

function guarding(access: Access): Clause {
  return {
    access,
    problems: {
      401: ["unauthenticated"],
      ...(access === "staff" && { 403: ["staff_only"] }),
      503: ["identity_unavailable"],
    },
  };
}

/** A scheme of our own, so that neither kind of token is ever taken for the other. */
function isGuests(authorization: string | undefined): authorization is string {
  return /^Guest( |$)/i.test(authorization ?? "");
}

function authenticateGuest(authorization: string): Actor {
  const actor = actorOfGuest(authorization.slice("Guest ".length));
  if (!actor) throw new UnauthenticatedError("the guest's token is not one that we have given out");
  return actor;
}

/**
 * Verifies an access token: signature by the pool's published keys, RS256 alone, issuer, expiry, and that it is an
 * access token for our client. Cognito's access tokens name the client in `client_id` and carry no `aud`.
 */
async function authenticate(authorization: string | undefined): Promise<Actor> {
  if (isGuests(authorization)) {
    throw new UnauthenticatedError("a guest's token opens its one order and nothing else: sign in, or leave it out");
  }
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
    await jwtVerify(token, keysOf(issuer), {
      issuer,
      algorithms: ["RS256"],
      requiredClaims: ["exp", "iat", "sub"],
      clockTolerance: 5,
    });
    return claimsOf(token);
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

/** Refuses a claim that is there twice: whoever reads the other one would know somebody else. */
function claimsOf(token: string): z.infer<typeof Claims> {
  const [, payload = ""] = token.split(".");
  return Claims.parse(parseJson(Buffer.from(payload, "base64url").toString()));
}

/** jose also throws its base class for keys it could not fetch: that says nothing about the token. */
function isRefusal(error: unknown): boolean {
  if (error instanceof z.ZodError || error instanceof InvalidError) return true;
  if (!(error instanceof errors.JOSEError)) return false;
  return ![errors.JWKSTimeout.code, errors.JWKSInvalid.code, errors.JOSEError.code].includes(error.code);
}

const keySets = new Map<string, JWTVerifyGetKey>();

function keysOf(issuer: string): JWTVerifyGetKey {
  let keys = keySets.get(issuer);
  if (!keys) {
    keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`), {
      [customFetch]: (url, request) => downstream(() => fetch(url, request)),
    });
    keySets.set(issuer, keys);
  }
  return keys;
}
