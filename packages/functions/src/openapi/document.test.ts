import { type RulesetDefinition, Spectral } from "@stoplight/spectral-core";
import { oas } from "@stoplight/spectral-rulesets";
import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { answers, operation } from "../http/describe.ts";
import { router } from "../http/router.ts";
import { idempotencyKey, valid } from "../http/valid.ts";
import { describeApi, textOf } from "./api.ts";
import { documentOf, UndescribedRouteError } from "./document.ts";

const described = (app: ReturnType<typeof router>) => documentOf({ test: { router: app, description: "" } });

/**
 * All that it knows, not the recommended rules alone; but OpenAPI 3.1 has a licence's identifier instead of its URL, whoever
 * deploys the shop is the contact, and domains are in an order that tells a story.
 */
const rules: RulesetDefinition = {
  extends: [[oas as RulesetDefinition, "all"]],
  rules: {
    "contact-properties": "off",
    "info-contact": "off",
    "license-url": "off",
    "openapi-tags-alphabetical": "off",
  },
};

test("the document of the API has no fault that OpenAPI's linter knows", async () => {
  const spectral = new Spectral();
  spectral.setRuleset(rules);
  const found = await spectral.run(textOf(describeApi()));
  expect(found.map(({ code, path, message }) => `${code} at ${path.join(".")}: ${message}`)).toEqual([]);
});

test("the linter would have told of a fault", async () => {
  const spectral = new Spectral();
  spectral.setRuleset(rules);
  const { paths, ...document } = describeApi();
  const broken = { ...document, paths: { "/orders/{id}": paths["/orders"]! } };
  expect((await spectral.run(JSON.stringify(broken))).map(({ code }) => code)).toContain("path-params");
});

test("the same routes make the same document", () => {
  expect(textOf(describeApi())).toBe(textOf(describeApi()));
});

describe("a route", () => {
  test("that does not say what it is can't be passed over", () => {
    const app = router().get("/secret", (c) => c.json({}));
    expect(() => described(app)).toThrow(UndescribedRouteError);
    expect(() => described(app)).toThrow("GET /secret");
  });

  test("is described by what guards it, also as a part of another router", () => {
    const part = new Hono<{ Bindings: object; Variables: never }>().post(
      "/things/:id",
      operation({
        id: "make",
        summary: "Make a thing",
        answers: { 201: answers("The thing.", z.object({ a: z.int() })) },
      }) as never,
      idempotencyKey() as never,
      valid("param", z.object({ id: z.string() })) as never,
      valid("json", z.strictObject({ a: z.int() })) as never,
      (c) => c.json({ a: 1 }, 201),
    );
    const made = described(router().route("/", part as never)).paths["/things/{id}"]!.post!;
    expect(made.operationId).toBe("make");
    expect(made.parameters).toMatchObject([
      { name: "id", in: "path", required: true },
      { name: "Idempotency-Key", in: "header", required: true },
    ]);
    expect(made.requestBody!.content["application/json"]!.schema).toMatchObject({ additionalProperties: false });
    expect(made["x-problems"]).toMatchObject({
      400: expect.arrayContaining(["invalid_request", "idempotency_key_required"]),
      422: ["idempotency_key_reused"],
    });
  });
});
