/** The API's description as tests use it: what an operation takes, and what it may answer. */
import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect } from "vitest";
import type { Reply } from "./caller.ts";

export type Schema = { [key: string]: unknown };

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
  schema: Schema;
  example?: string;
}

export interface Operation {
  id: string;
  method: string;
  /** Such as `/orders/{id}`. */
  path: string;
  access: "anyone" | "optional" | "guest" | "customer" | "staff" | "provider";
  parameters: Parameter[];
  body?: { mediaType: string; required: boolean; schema: Schema; example?: unknown; accepts(value: unknown): boolean };
  problems: Record<string, string[]>;
  /** Of answers that are no problems, by status; undefined for one without a body. */
  answers: Record<string, DocumentedAnswer>;
}

interface DocumentedAnswer {
  /** Absent for an answer without a body. */
  content?: { mediaType: string; validate: ValidateFunction };
  /** In lower case; those that it always has. */
  headers: string[];
}

const methods = ["get", "put", "post", "delete", "patch"];

interface Media {
  schema: Schema;
  example?: unknown;
}

interface Described {
  operationId: string;
  "x-access": Operation["access"];
  "x-problems": Operation["problems"];
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  responses: Record<string, { $ref?: string; content?: Record<string, Media>; headers?: Record<string, unknown> }>;
}

/** All operations of the committed document, in its order. */
export function readApi(): Operation[] {
  const document = JSON.parse(readFileSync("packages/functions/openapi.json", "utf8"));
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, "openapi");
  const compile = (...pointer: string[]) => ajv.compile({ $ref: `openapi#/${pointer.map(escaped).join("/")}` });
  return Object.entries<Record<string, Described>>(document.paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const described = item[method];
      return described ? [operationOf(described, ["paths", path, method], compile)] : [];
    }),
  );
}

function operationOf(
  described: Described,
  place: string[],
  compile: (...pointer: string[]) => ValidateFunction,
): Operation {
  const { operationId, parameters = [], requestBody, responses } = described;
  const [, path = "", method = ""] = place;
  const answers = Object.entries(responses).filter(([, { $ref }]) => $ref === undefined);
  const [mediaType = "", media] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const validateBody = media && compile(...place, "requestBody", "content", mediaType, "schema");
  return {
    id: operationId,
    method: method.toUpperCase(),
    path,
    access: described["x-access"],
    parameters,
    ...(media &&
      validateBody && {
        body: { ...media, mediaType, required: requestBody!.required, accepts: (value) => validateBody(value) },
      }),
    problems: described["x-problems"],
    answers: Object.fromEntries(
      answers.map(([status, { content = {}, headers = {} }]) => {
        const [type] = Object.keys(content);
        const pointer = [...place, "responses", status, "content", type ?? "", "schema"];
        const promised = Object.keys(headers).filter((name) => name !== "Idempotent-Replayed");
        return [
          status,
          {
            ...(type !== undefined && { content: { mediaType: type, validate: compile(...pointer) } }),
            headers: promised.map((name) => name.toLowerCase()),
          },
        ];
      }),
    ),
  };
}

/** An answer that the document promises: its status, the code of a problem, and the shape of the body. */
export function expectDocumented({ id, answers, problems }: Operation, reply: Reply): void {
  const told = `${id} answered ${reply.status}: ${reply.text.slice(0, 500)}`;
  expect(reply.status, told).toBeLessThan(500);
  expect(reply.headers["x-request-id"], told).toBeTruthy();
  expect(reply.headers["x-content-type-options"], told).toBe("nosniff");
  if (reply.status >= 400) {
    expect(reply.headers["content-type"], told).toBe("application/problem+json");
    expect(problems[reply.status] ?? [], told).toContain(reply.json?.code);
    return;
  }
  expect(Object.keys(answers), told).toContain(String(reply.status));
  const { content, headers } = answers[reply.status]!;
  expect(Object.keys(reply.headers), told).toEqual(expect.arrayContaining(headers));
  if (!content) {
    expect(reply.text, told).toBe("");
    return;
  }
  expect(String(reply.headers["content-type"]).split(";")[0], told).toBe(content.mediaType);
  const value = content.mediaType === "application/json" ? reply.json : reply.text;
  expect(content.validate(value) ? [] : content.validate.errors, told).toEqual([]);
}

function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
}
