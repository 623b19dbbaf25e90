import { createHash, randomBytes } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import type { Store } from "../store.ts";

/** What a pool's tokens say about a user. */
export interface TokenSubject {
  sub: string;
  email: string;
  emailVerified: boolean;
  groups: string[];
}

export interface TokenRequest {
  issuer: string;
  clientId: string;
  subject: TokenSubject;
  /** When the user proved the password; a refresh keeps it. */
  authTimeMs: number;
  lifetimeSeconds: number;
}

export interface TokenSigner {
  accessToken(request: TokenRequest): Promise<string>;
  idToken(request: TokenRequest): Promise<string>;
  /** The JSON Web Key Set with the public key. */
  keySet(): { keys: JWK[] };
}

const migrations = ["CREATE TABLE signing_key (id TEXT PRIMARY KEY, private_jwk TEXT NOT NULL)"];

/** Signs tokens as Cognito does (RS256). The key pair is made at the first start and kept in the store. */
export async function createTokenSigner(store: Store, clock: Clock, random: Random): Promise<TokenSigner> {
  store.migrate("token", migrations);
  const privateJwk = await loadKey(store);
  const key = await importJWK(privateJwk, "RS256");
  const kid = await calculateJwkThumbprint(privateJwk);
  const { kty, n, e } = privateJwk as { kty: string; n: string; e: string };

  async function sign(request: TokenRequest, use: "access" | "id", claims: Record<string, unknown>): Promise<string> {
    const nowSeconds = Math.floor(clock.now() / 1000);
    const { subject } = request;
    return new SignJWT({
      sub: subject.sub,
      ...(subject.groups.length > 0 && { "cognito:groups": subject.groups }),
      iss: request.issuer,
      origin_jti: random.uuid(),
      event_id: random.uuid(),
      token_use: use,
      auth_time: Math.floor(request.authTimeMs / 1000),
      iat: nowSeconds,
      exp: nowSeconds + request.lifetimeSeconds,
      jti: random.uuid(),
      ...claims,
    })
      .setProtectedHeader({ kid, alg: "RS256" })
      .sign(key);
  }

  return {
    accessToken: (request) =>
      sign(request, "access", {
        client_id: request.clientId,
        scope: "aws.cognito.signin.user.admin",
        username: request.subject.sub,
      }),
    idToken: (request) =>
      sign(request, "id", {
        aud: request.clientId,
        email: request.subject.email,
        email_verified: request.subject.emailVerified,
        "cognito:username": request.subject.sub,
      }),
    keySet: () => ({ keys: [{ alg: "RS256", e, kid, kty, n, use: "sig" }] }),
  };
}

async function loadKey(store: Store): Promise<JWK> {
  const select = store.query<{ private_jwk: string }>("SELECT private_jwk FROM signing_key WHERE id = 'current'");
  const stored = select.get();
  if (stored) return JSON.parse(stored.private_jwk) as JWK;
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = await exportJWK(privateKey);
  store.query("INSERT INTO signing_key (id, private_jwk) VALUES ('current', ?)").run(JSON.stringify(jwk));
  return jwk;
}

/** A refresh token is opaque; what is kept of it is its hash. */
export function newRefreshToken(): { token: string; hash: string } {
  const token = randomBytes(48).toString("base64url");
  return { token, hash: hashRefreshToken(token) };
}

export function hashRefreshToken(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
