/**
 * How routes tell what they take and answer. Whatever enforces a convention also describes it, so that the API's
 * description can't promise what no code keeps: src/openapi makes the document of it.
 */
import type { MiddlewareHandler } from "hono";
import * as z from "zod";
import type { Env } from "./router.ts";

/** Who may call: `optional` is everybody, known by their token if they send one. */
export type Access = "anyone" | "optional" | "guest" | "customer" | "staff" | "provider";

/** Stable codes of problems, by status. */
export type Problems = { readonly [status: number]: readonly string[] };

export interface Answer {
  /** Absent for an answer without a body. */
  schema?: z.ZodType;
  /** `application/json` unless it says otherwise. */
  mediaType?: string;
  description: string;
  headers?: readonly AnswerHeader[];
}

export type AnswerHeader = "ETag" | "Location" | "Idempotent-Replayed";

export interface RequestHeader {
  name: string;
  description: string;
  pattern: string;
  example: string;
  optional?: boolean;
}

/** What a middleware, or a route by `operation`, contributes to the description of the operations it guards. */
export interface Clause {
  access?: Access;
  params?: z.ZodType;
  query?: z.ZodType;
  body?: { schema: z.ZodType; mediaType: string; optional?: boolean };
  header?: RequestHeader;
  /** Whether it may answer `304`. */
  conditional?: boolean;
  problems?: Problems;
  operation?: Operation;
}

export interface Operation {
  /** Its name in the document and in the client, such as `placeOrder`. */
  id: string;
  /** A short line, in the imperative: "Place an order". */
  summary: string;
  /** What a signature can't say, in Markdown. */
  description?: string;
  answers: { readonly [status: number]: Answer };
  /** Besides those of the route's middleware. */
  problems?: Problems;
  /** A request body that can be sent as it is to the seeded shop. */
  example?: unknown;
}

const clause = Symbol("clause");

/** Attaches to a middleware what it enforces, besides what is attached already. */
export function enforcing<Middleware extends object>(contribution: Clause, middleware: Middleware): Middleware {
  const before = clauseOf(middleware) ?? {};
  const problems = mergeProblems(before.problems, contribution.problems);
  return Object.assign(middleware, { [clause]: { ...before, ...contribution, problems } });
}

/** What a handler or middleware has told of itself. */
export function clauseOf(handler: object): Clause | undefined {
  return (handler as { [clause]?: Clause })[clause];
}

/** Says what a route is for and what it answers; it goes first, before what guards the route. */
export function operation(told: Operation): MiddlewareHandler<Env> {
  return enforcing({ operation: told }, async function described(_, next) {
    await next();
  });
}

export function answers(description: string, schema?: z.ZodType, ...headers: AnswerHeader[]): Answer {
  return { description, ...(schema && { schema }), ...(headers.length > 0 && { headers }) };
}

/** A page of a list: `nextCursor` is absent on the last one. */
export function answersPage(description: string, item: z.ZodType): Answer {
  return answers(description, pageOf(item));
}

/** Each code once, by status. */
export function mergeProblems(...all: (Problems | undefined)[]): Problems {
  const merged: Record<number, string[]> = {};
  for (const [status, codes] of all.flatMap((problems) => Object.entries(problems ?? {}))) {
    merged[Number(status)] = [...new Set([...(merged[Number(status)] ?? []), ...codes])];
  }
  return merged;
}

function pageOf(item: z.ZodType): z.ZodType {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().optional().describe("Absent on the last page."),
  });
}
