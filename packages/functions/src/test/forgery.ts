/** Access tokens that are none, or none for us, and what else is sent in their place. */
import { createHmac } from "node:crypto";
import { CompactSign, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import type { Issuer } from "./issuer.ts";

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** In the far future, in seconds. */
const exp = 4_000_000_000;

/** Each makes an `Authorization` header. Those whose claims are wrong are signed by the issuer's own key. */
export const forgeries: Record<string, (issuer: Issuer) => Promise<string | undefined>> = {
  "no token": async () => undefined,
  "something that is no token": async () => "Bearer hello",
  "another scheme": async (issuer) => `Basic ${await issuer.customer()}`,
  "two tokens": async (issuer) => `Bearer ${await issuer.customer()} ${await issuer.customer()}`,
  "alg none": async (issuer) => `Bearer ${encode({ alg: "none" })}.${encode({ ...issuer.claims(), exp })}.`,
  "alg none with a signature": async (issuer) =>
    `Bearer ${encode({ alg: "none", kid: "test" })}.${encode({ ...issuer.claims(), exp })}.x`,
  "alg nOnE": async (issuer) => `Bearer ${encode({ alg: "nOnE" })}.${encode({ ...issuer.claims(), exp })}.x`,
  "a public key used as an HMAC secret": async (issuer) => {
    const body = `${encode({ alg: "HS256", kid: "test" })}.${encode({ ...issuer.claims(), iat: 1, exp })}`;
    const mac = createHmac("sha256", JSON.stringify(issuer.jwk)).update(body).digest("base64url");
    return `Bearer ${body}.${mac}`;
  },
  "a signature that was cut": async (issuer) => `Bearer ${(await issuer.customer()).slice(0, -4)}`,
  "claims that were changed after signing": async (issuer) => {
    const [header, , signature] = (await issuer.customer()).split(".");
    return `Bearer ${header}.${encode({ ...issuer.claims({ "cognito:groups": ["staff"] }), iat: 1, exp })}.${signature}`;
  },
  "a foreign key": async (issuer) => signedByStranger(issuer, {}),
  "a foreign key that the token brings": async (issuer) => {
    const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
    return signedByStranger(issuer, { jwk: await exportJWK(publicKey) }, privateKey);
  },
  "a foreign key where the token says": async (issuer) => signedByStranger(issuer, { jku: "http://127.0.0.1:9/jwks" }),
  "a foreign certificate where the token says": async (issuer) =>
    signedByStranger(issuer, { x5u: "http://127.0.0.1:9/certificate" }),
  "an unknown kid": async (issuer) => `Bearer ${await issuer.sign(issuer.claims(), { kid: "other" })}`,
  "a kid that is a path": async (issuer) => `Bearer ${await issuer.sign(issuer.claims(), { kid: "../../dev/null" })}`,
  "an extension that must be understood": async (issuer) => signedByStranger(issuer, { crit: ["exp"], exp }),
  "an ID token": async (issuer) =>
    `Bearer ${await issuer.sign(issuer.claims({ token_use: "id", aud: "client", client_id: undefined }))}`,
  "an ID token with the claims of both": async (issuer) =>
    `Bearer ${await issuer.sign(issuer.claims({ token_use: "id" }))}`,
  "another issuer": async (issuer) => `Bearer ${await issuer.sign(issuer.claims({ iss: "https://evil.example" }))}`,
  "an issuer that begins like ours": async (issuer) =>
    `Bearer ${await issuer.sign(issuer.claims({ iss: `${issuer.url}.evil.example` }))}`,
  "another client": async (issuer) => `Bearer ${await issuer.sign(issuer.claims({ client_id: "other" }))}`,
  "several clients": async (issuer) => `Bearer ${await issuer.sign(issuer.claims({ client_id: ["a", "b"] }))}`,
  "an expired one": async (issuer) => `Bearer ${await issuer.sign(issuer.claims(), { expiresIn: "-1h" })}`,
  "one that never expires": async (issuer) => signedRaw(issuer, JSON.stringify(issuer.claims({ iat: 1 }))),
  "one that is not valid yet": async (issuer) => `Bearer ${await issuer.sign(issuer.claims({ nbf: exp - 1 }))}`,
  "a subject that is no UUID": async (issuer) => `Bearer ${await issuer.sign(issuer.claims({ sub: "root" }))}`,
  "a group that is no list": async (issuer) =>
    `Bearer ${await issuer.sign(issuer.claims({ "cognito:groups": "staff" }))}`,
  "more than 8 KB": async (issuer) => `Bearer ${await issuer.sign(issuer.claims({ padding: "x".repeat(9000) }))}`,
  "claims that are there twice": async (issuer) => {
    const claims = JSON.stringify(issuer.claims({ iat: 1, exp }));
    return signedRaw(issuer, claims.replace("{", `{"sub":"${crypto.randomUUID()}",`));
  },
  "claims that are no object": async (issuer) => signedRaw(issuer, '["sub"]'),
};

async function signedByStranger(
  issuer: Issuer,
  header: Record<string, unknown>,
  key?: Awaited<ReturnType<typeof generateKeyPair>>["privateKey"],
): Promise<string> {
  const privateKey = key ?? (await generateKeyPair("RS256")).privateKey;
  const claims: JWTPayload = issuer.claims({ iat: 1, exp });
  const protectedHeader = { alg: "RS256", kid: "test", ...header };
  return `Bearer ${await new SignJWT(claims).setProtectedHeader(protectedHeader).sign(privateKey, { crit: { exp: true } })}`;
}

/** Any text as claims, signed as the issuer does. */
async function signedRaw(issuer: Issuer, claims: string): Promise<string> {
  const signing = new CompactSign(new TextEncoder().encode(claims));
  return `Bearer ${await signing.setProtectedHeader({ alg: "RS256", kid: "test" }).sign(issuer.privateKey)}`;
}
