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
