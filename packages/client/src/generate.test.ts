import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { apiOf } from "../generate/api.ts";
import type { DocumentedOperation } from "../generate/openapi.ts";

const named = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: object) => ({ content: { "application/json": { schema: schema as Record<string, unknown> } } });

const operation = (told: Partial<DocumentedOperation>): DocumentedOperation => ({
  ...{ operationId: "listCups", summary: "List cups", "x-access": "anyone", "x-problems": { 500: ["internal_error"] } },
  responses: {
    200: json({
      type: "object",
      properties: { items: { type: "array", items: named("Cup") }, nextCursor: { type: "string" } },
    }),
  },
  ...told,
});

const header = (name: string) => ({ name, in: "header", required: true, schema: { type: "string" } });
const path = (name: string) => ({ name, in: "path", required: true, schema: { type: "string" } });

const document = {
  components: {
    schemas: {
      Money: { type: "object", properties: { amount: { type: "integer" } }, required: ["amount"] },
      Problem: { type: "object", properties: {} },
      Cup: {
        type: "object",
        properties: {
          price: { ...named("Money"), description: "What it costs." },
          tags: { type: "array", maxItems: 3, items: { type: "string", pattern: "^a$" } },
          event: { type: "string", enum: Array.from({ length: 30 }, (_, at) => `event-${at}`) },
        },
        required: ["price"],
      },
    },
  },
  paths: {
    "/cups": {
      get: operation({ parameters: [{ name: "limit", in: "query", required: false, schema: { type: "integer" } }] }),
    },
    "/cups/{id}": {
      put: operation({
        ...{ operationId: "putCup", "x-access": "staff", requestBody: { required: true, ...json(named("Cup")) } },
        ...{ parameters: [path("id"), header("If-Match")], responses: { 204: {}, 400: {} } },
        "x-problems": { 400: ["too_big"], 500: ["internal_error"] },
      }),
      post: operation({ operationId: "breakCup", parameters: [path("id"), header("Idempotency-Key")] }),
    },
    "/pages": {
      get: operation({ operationId: "seePage", responses: { 200: { content: { "text/html": { schema: {} } } } } }),
    },
    "/sandbox/cups": { get: operation({ operationId: "breakCups" }) },
    "/hooks": { post: operation({ operationId: "hear", "x-access": "provider" }) },
  },
};

test("a description becomes types, and a table of routes", async () => {
  const made = await apiOf(document);
  expect(made).toContain(`
export interface Cup {
  /**
   * What it costs.
   */
  price: Money;
  tags?: string[];
  event?: string;
}
`);
  expect(made).toContain(`
  /** List cups. */
  listCups: {
    query?: {
      limit?: number | undefined;
    };
    answer: Page<Cup>;
    problem: CommonProblem;
  };
  /** List cups. */
  putCup: {
    params: {
      id: string;
    };
    body: Cup;
    /** The version that is changed: the answer's \`version\`. */
    version: number;
    answer: undefined;
    problem: CommonProblem | "too_big";
  };
`);
  expect(made).toContain(`
  listCups: "GET /cups anyone",
  putCup: "PUT /cups/{id} staff match",
  breakCup: "POST /cups/{id} anyone key",
};`);
  for (const left of ["seePage", "hear", "breakCups"]) expect(made).not.toContain(left);
  expect(await apiOf(document)).toBe(made);
});

test("the types in use are those of the API's description", async () => {
  const [described, used] = ["packages/functions/openapi.json", "packages/client/src/api.ts"].map((path) =>
    readFileSync(path, "utf8"),
  );
  expect(used, "run npm run openapi").toBe(await apiOf(JSON.parse(described!)));
});
