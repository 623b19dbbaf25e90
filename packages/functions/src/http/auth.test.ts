import { createHmac } from "node:crypto";
import { generateKeyPair } from "jose";
import { Resource } from "sst";
import { afterAll, beforeAll, expect, test } from "vitest";
import { orders } from "../order.ts";
import { type Issuer, startIssuer } from "../test/issuer.ts";

let issuer: Issuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.stop());

const list = (authorization?: string) =>
  orders.request("/orders", { headers: authorization ? { Authorization: authorization } : {} });

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

test("an identity provider that is down says nothing about the token: 503, not 401", async () => {
  const broken = await startIssuer();
  const authorization = `Bearer ${await broken.customer()}`;
  broken.fail();
  const response = await list(authorization);
  broken.stop();
  Object.assign(Resource.Identity, { issuer: issuer.url });
  expect(response.status).toBe(503);
  expect(response.headers.get("Retry-After")).toBe("1");
  expect(await response.json()).toMatchObject({ code: "identity_unavailable" });
});

test("a valid access token opens the door", async () => {
  const response = await list(`Bearer ${await issuer.customer()}`);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ items: [] });
});

const forgeries: Record<string, () => Promise<string | undefined>> = {
  "no token": async () => undefined,
  "something that is no token": async () => "Bearer hello",
  "another scheme": async () => `Basic ${await issuer.customer()}`,
  "alg none": async () => `Bearer ${encode({ alg: "none" })}.${encode({ ...issuer.claims(), exp: 4e9 })}.x`,
  "a public key used as an HMAC secret": async () => {
    const body = `${encode({ alg: "HS256", kid: "test" })}.${encode({ ...issuer.claims(), iat: 1, exp: 4e9 })}`;
    const mac = createHmac("sha256", JSON.stringify(issuer.jwk)).update(body).digest("base64url");
    return `Bearer ${body}.${mac}`;
  },
  "a foreign key": async () => {
    const { privateKey } = await generateKeyPair("RS256");
    return `Bearer ${await issuer.sign(issuer.claims(), { key: privateKey })}`;
  },
  "an unknown kid": async () => `Bearer ${await issuer.sign(issuer.claims(), { kid: "other" })}`,
  "an id token": async () => `Bearer ${await issuer.sign(issuer.claims({ token_use: "id" }))}`,
  "another issuer": async () => `Bearer ${await issuer.sign(issuer.claims({ iss: "https://evil.example" }))}`,
  "another client": async () => `Bearer ${await issuer.sign(issuer.claims({ client_id: "other" }))}`,
  "an expired one": async () => `Bearer ${await issuer.sign(issuer.claims(), { expiresIn: "-1h" })}`,
  "one that is not valid yet": async () => `Bearer ${await issuer.sign(issuer.claims({ nbf: 4e9 }))}`,
  "a subject that is no UUID": async () => `Bearer ${await issuer.sign(issuer.claims({ sub: "root" }))}`,
  "more than 8 KB": async () => `Bearer ${await issuer.sign(issuer.claims({ padding: "x".repeat(9000) }))}`,
};

test.each(Object.entries(forgeries))("%s is answered with 401", async (_, forge) => {
  const response = await list(await forge());
  expect(response.status).toBe(401);
  expect(response.headers.get("WWW-Authenticate")).toBe("Bearer");
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ status: 401, code: "unauthenticated" });
});
