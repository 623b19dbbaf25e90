/** No forged token opens any route of any domain. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeApi, domains } from "../openapi/api.ts";
import { forgeries } from "../test/forgery.ts";
import { type Issuer, startIssuer } from "../test/issuer.ts";

let issuer: Issuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.stop());

const routes = Object.entries(describeApi().paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path: path.replaceAll(/\{\w+\}/g, "x"),
    access: operation["x-access"],
    router: domains[operation.tags[0] as keyof typeof domains].router,
  })),
);
const guarded = routes.filter(({ access }) => ["guest", "customer", "staff"].includes(access));
const open = routes.filter(({ access }) => access === "optional");

test("there are routes of each kind", () => {
  expect(guarded.length).toBeGreaterThan(30);
  expect(open.length).toBeGreaterThan(4);
});

test.each(Object.entries(forgeries))("%s is 401 everywhere", async (name, forge) => {
  const authorization = await forge(issuer);
  // Without any token somebody may be who they like where everybody may.
  for (const { method, path, router } of authorization === undefined ? guarded : [...guarded, ...open]) {
    const response = await router.request(path, {
      method,
      headers: authorization === undefined ? {} : { Authorization: authorization },
    });
    expect([method, path, response.status], name).toEqual([method, path, 401]);
    expect(response.headers.get("WWW-Authenticate")).toBe("Bearer");
    expect(await response.json()).toMatchObject({ status: 401, code: "unauthenticated" });
  }
});
