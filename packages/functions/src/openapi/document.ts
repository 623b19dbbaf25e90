/** The API's description (OpenAPI 3.1), made of what the routes and their middleware tell of themselves. */
import type { Hono } from "hono";
import { findTargetHandler } from "hono/utils/handler";
import * as z from "zod";
import {
  type Access,
  type Answer,
  type AnswerHeader,
  type Clause,
  clauseOf,
  mergeProblems,
  type Operation,
  type Problems,
} from "../http/describe.ts";
import { Problem, titles } from "../http/problem.ts";
import type { Env } from "../http/router.ts";
import { type Components, createComponents, type JsonSchema } from "./schema.ts";
import { answerHeaders, callerInWords, introduction, parameterInWords, securitySchemes } from "./words.ts";

export interface Document {
  openapi: string;
  paths: Record<string, Record<string, DocumentedOperation>>;
  components: { schemas: Record<string, JsonSchema> } & Record<string, JsonSchema>;
  [more: string]: unknown;
}

export interface DocumentedOperation {
  operationId: string;
  summary: string;
  tags: string[];
  security: Record<string, string[]>[];
  "x-access": Access;
  "x-problems": Problems;
  parameters?: JsonSchema[];
  requestBody?: { required: boolean; content: Record<string, { schema: JsonSchema; example?: unknown }> };
  responses: Record<string, JsonSchema>;
  [more: string]: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: a router's routes are of no interest here.
type Router = Hono<Env, any>;

export class UndescribedRouteError extends Error {
  override name = "UndescribedRouteError";
}

/** What may befall any operation. */
const alwaysPossible: Problems = {
  400: ["invalid_request"],
  429: ["rate_limited"],
  500: ["internal_error"],
  503: ["temporarily_unavailable", "contention", "circuit_open", "unknown_outcome"],
};

/** Throws `UndescribedRouteError` for a route that does not say what it is. Domains are the tags, in their order. */
export function documentOf(domains: Record<string, { router: Router; description: string }>): Document {
  const components = createComponents();
  const paths: Document["paths"] = {};
  for (const [domain, { router }] of Object.entries(domains)) {
    for (const route of routesOf(router)) {
      paths[route.path] ??= {};
      paths[route.path]![route.method] = describe(route, domain, components);
    }
  }
  const problem = components.add(Problem, "output");
  const problemResponses = Object.fromEntries(
    Object.keys(titles).map((status) => [problemName(status), problemResponse(status, problem)]),
  );
  return {
    openapi: "3.1.1",
    info: {
      title: "Cartwright",
      version: "1",
      summary: "The API of a shop.",
      description: introduction,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: Object.entries(domains).map(([name, { description }]) => ({ name, description })),
    paths,
    components: {
      securitySchemes,
      headers: used("headers", answerHeaders, paths, problemResponses),
      responses: used("responses", problemResponses, paths),
      schemas: sorted(components.schemas),
    },
  };
}

interface DescribedRoute {
  path: string;
  method: string;
  clause: Merged;
}

interface Merged {
  access: Access;
  operation: Operation;
  params: z.ZodType[];
  query: z.ZodType[];
  headers: NonNullable<Clause["header"]>[];
  body?: NonNullable<Clause["body"]>;
  problems: Problems;
  conditional: boolean;
}

/** A route is all handlers of one method and path; what guards every route has no method of its own. */
function routesOf(router: Router): DescribedRoute[] {
  const handlers = new Map<string, Clause[]>();
  const everywhere: Clause[] = [];
  for (const { method, path, handler } of router.routes) {
    const clause = clauseOf(findTargetHandler(handler)) ?? {};
    if (method === "ALL") everywhere.push(clause);
    else handlers.set(`${method} ${path}`, [...(handlers.get(`${method} ${path}`) ?? []), clause]);
  }
  return [...handlers].map(([name, clauses]) => {
    const [method = "", path = ""] = name.split(" ");
    const clause = merge(name, [...everywhere, ...clauses]);
    return { method: method.toLowerCase(), path: path.replaceAll(/:(\w+)/g, "{$1}"), clause };
  });
}

/** Who signs what they send is held to no limit, and may send what they like in a query. */
const ofProviders: Problems = { 500: alwaysPossible[500]!, 503: alwaysPossible[503]! };

function merge(route: string, clauses: Clause[]): Merged {
  const operation = clauses.find((clause) => clause.operation)?.operation;
  if (!operation) throw new UndescribedRouteError(`${route} does not say what it is: begin it with operation({ … })`);
  const body = clauses.findLast((clause) => clause.body)?.body;
  const access = clauses.findLast((clause) => clause.access)?.access ?? "anyone";
  const always = access === "provider" ? ofProviders : alwaysPossible;
  return {
    operation,
    access,
    conditional: clauses.some(({ conditional }) => conditional),
    params: clauses.flatMap(({ params }) => params ?? []),
    query: clauses.flatMap(({ query }) => query ?? []),
    headers: clauses.flatMap(({ header }) => header ?? []),
    ...(body && { body }),
    problems: mergeProblems(...clauses.map(({ problems }) => problems), operation.problems, always),
  };
}

function describe({ path, clause }: DescribedRoute, domain: string, components: Components): DocumentedOperation {
  const { operation, access, params, query, headers, body, problems, conditional } = clause;
  const parameters = [
    ...params.flatMap((schema) => parametersOf("path", schema, path)),
    ...query.flatMap((schema) => parametersOf("query", schema, path)),
    ...headers.map(headerOf),
  ];
  return {
    operationId: operation.id,
    summary: operation.summary,
    description: [operation.description, callerInWords[access], inWords(operation.problems)]
      .filter(Boolean)
      .join("\n\n"),
    tags: [domain],
    security: security[access],
    "x-access": access,
    "x-problems": problems,
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: bodyOf(body, operation, components) }),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.answers).map(([status, answer]) => [
          status,
          responseOf(conditional ? withTag(answer) : answer, components),
        ]),
      ),
      ...(conditional && { 304: notModified }),
      ...Object.fromEntries(
        Object.keys(problems).map((status) => [status, { $ref: `#/components/responses/${problemName(status)}` }]),
      ),
    },
  };
}

/** A number comes as its digits, and is described as the number that is made of them. */
function parametersOf(place: "path" | "query", schema: z.ZodType, path: string): JsonSchema[] {
  const sent = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const made = z.toJSONSchema(schema, { io: "output", unrepresentable: "any" }).properties ?? {};
  return Object.entries(sent.properties ?? {}).map(([name, property]) => {
    const isNumber = ["integer", "number"].includes(String((made[name] as JsonSchema | undefined)?.type));
    const { description, id, ...rest } = (isNumber ? made[name] : property) as JsonSchema;
    const required = sent.required ?? [];
    return {
      ...{ name, in: place, required: required.includes(name) },
      description: description ?? parameterInWords(path, name),
      schema: rest,
    };
  });
}

function headerOf({
  name,
  description,
  pattern,
  example,
  optional = false,
}: NonNullable<Clause["header"]>): JsonSchema {
  return { name, in: "header", required: !optional, description, schema: { type: "string", pattern }, example };
}

function bodyOf(body: NonNullable<Clause["body"]>, { example }: Operation, components: Components) {
  const schema = components.add(body.schema, "input");
  const content = { [body.mediaType]: { schema, ...(example !== undefined && { example }) } };
  return { required: !body.optional, content };
}

function responseOf(
  { description, schema, mediaType = "application/json", headers = [] }: Answer,
  components: Components,
): JsonSchema {
  const told: (AnswerHeader | "X-Request-Id")[] = ["X-Request-Id", ...headers];
  return {
    description,
    headers: Object.fromEntries(told.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    ...(schema && { content: { [mediaType]: { schema: components.add(schema, "output") } } }),
  };
}

function withTag(answer: Answer): Answer {
  return { ...answer, headers: [...new Set<AnswerHeader>(["ETag", ...(answer.headers ?? [])])] };
}

const notModified: JsonSchema = {
  description: "What the caller has is still right.",
  headers: { ETag: { $ref: "#/components/headers/ETag" } },
};

/** Those of its own: what every middleware refuses is told once, for all. */
function inWords(problems: Problems = {}): string {
  const told = Object.entries(problems).map(
    ([status, codes]) => `${status} ${codes.map((code) => `\`${code}\``).join(", ")}`,
  );
  return told.length > 0 ? `Problems: ${told.join("; ")}.` : "";
}

function problemResponse(status: string, problem: JsonSchema): JsonSchema {
  const waits = status === "429" || status === "503";
  return {
    description: `${titles[Number(status)]}.`,
    headers: {
      "X-Request-Id": { $ref: "#/components/headers/X-Request-Id" },
      ...(waits && { "Retry-After": { $ref: "#/components/headers/Retry-After" } }),
    },
    content: { "application/problem+json": { schema: problem } },
  };
}

function problemName(status: string): string {
  const title = titles[Number(status)];
  if (!title) throw new Error(`problems of status ${status} have no title: see http/problem.ts`);
  return title.replaceAll(/\b\w/g, (letter) => letter.toUpperCase()).replaceAll(/\W/g, "");
}

/** Those components that something refers to. */
function used(kind: string, components: JsonSchema, ...by: unknown[]): JsonSchema {
  const text = JSON.stringify(by);
  return Object.fromEntries(
    Object.entries(components).filter(([name]) => text.includes(`"#/components/${kind}/${name}"`)),
  );
}

function sorted<Value>(record: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

const security: Record<Access, Record<string, string[]>[]> = {
  anyone: [],
  optional: [{}, { accessToken: [] }],
  guest: [{ accessToken: [] }, { guestToken: [] }],
  customer: [{ accessToken: [] }],
  staff: [{ accessToken: [] }],
  provider: [],
};
