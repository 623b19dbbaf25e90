import { DomainError, type Fault, InvalidError } from "@cartwright/core/error";
import type { Context, MiddlewareHandler } from "hono";
import { validator } from "hono/validator";
import * as z from "zod";
import { type Clause, enforcing } from "./describe.ts";
import { explain, missing } from "./explain.ts";
import { headerAsSent } from "./header.ts";
import { readJson } from "./json.ts";
import type { Env } from "./router.ts";

/** More would help nobody, and let a small request cause a large answer. */
const maximumFaults = 50;

/** Parses one part of a request, and lists every fault at once with its path when it does not fit. */
export function valid<Schema extends z.ZodType, Target extends "json" | "query" | "param" | "form">(
  target: Target,
  schema: Schema,
) {
  const validate = validator(target, (value: unknown) => fit(target, schema, value));
  const validateJson: typeof validate = async (c, next) => {
    c.req.addValidatedData("json", fit(target, schema, await readJson(c)) as object);
    await next();
  };
  return enforcing(clauseFor(target, schema), target === "json" ? validateJson : validate);
}

function fit<Schema extends z.ZodType>(target: string, schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value, { error: explain });
  if (parsed.success) return parsed.data;
  const all = parsed.error.issues.flatMap(faultsOf);
  const faults = all.slice(0, maximumFaults);
  const told = faults.map(({ path, message }) => `${path || wholes[target]}: ${message}`).join("; ");
  const more = all.length > faults.length ? `; and ${all.length - faults.length} more` : "";
  throw new InvalidError("invalid_request", told + more, faults);
}

const wholes: Record<string, string> = { json: "the body", form: "the form", query: "the query", param: "the path" };

function clauseFor(target: "json" | "query" | "param" | "form", schema: z.ZodType): Clause {
  const refused = ["invalid_request"];
  if (target === "query") return { query: schema, problems: { 400: refused } };
  if (target === "param") return { params: schema, problems: { 400: ["malformed", ...refused] } };
  if (target === "form") {
    return { body: { schema, mediaType: "application/x-www-form-urlencoded" }, problems: { 400: refused } };
  }
  const mistakes = ["malformed", "duplicate_key", "too_deep", ...refused];
  return {
    body: { schema, mediaType: "application/json" },
    problems: { 400: mistakes, 413: ["body_too_large"], 415: ["expected_json", "unsupported_encoding"] },
  };
}

/** What `idempotencyKey()` lets pass. */
export interface IdempotencyKey {
  in: { header: { "idempotency-key": string } };
  out: { header: { "idempotency-key": string } };
}

/** `Idempotency-Key`, which every POST that moves money, stock or orders must carry. */
export function idempotencyKey(): MiddlewareHandler<Env, string, IdempotencyKey> {
  const validate = validator("header", (_, c): { "idempotency-key": string } => {
    const key = headerAsSent(c as Context<Env>, "Idempotency-Key");
    if (key === undefined) {
      throw new InvalidError("idempotency_key_required", "send an Idempotency-Key, a new one for each new request");
    }
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw new InvalidError("invalid_idempotency_key", "an Idempotency-Key has 1 to 255 printable ASCII characters");
    }
    return { "idempotency-key": key };
  });
  return enforcing(
    {
      header: {
        name: "Idempotency-Key",
        description: "Names this request: sent again with the same body it is done once, and answered the same.",
        pattern: "^[\\x21-\\x7e]{1,255}$",
        example: "5f0c2a8e-1d5b-4a4e-9d0b-6f0f6d7a9a11",
      },
      problems: {
        400: ["idempotency_key_required", "invalid_idempotency_key"],
        422: ["idempotency_key_reused"],
      },
    },
    validate,
  );
}

/** For a command that says all by its path: a body would be something that the caller believes in and we ignore. */
export function noBody(): MiddlewareHandler<Env> {
  return enforcing({ problems: { 400: ["unexpected_body"] } }, async function refuseBody(c, next) {
    const body = (await c.req.text()).trim();
    if (body !== "" && body !== "{}") throw new InvalidError("unexpected_body", "this takes no body: leave it out");
    await next();
  });
}

interface IfMatch {
  in: { header: { "if-match": string } };
  out: { header: { "if-match": number } };
}

/** `If-Match` with the version that the caller has seen, as given out in `ETag`; what is valid is the version. */
export function ifMatch(): MiddlewareHandler<Env, string, IfMatch> {
  const validate = validator("header", (headers): { "if-match": number } => {
    const tag = headers["if-match"];
    if (tag === undefined) {
      throw new DomainError(
        "conflict",
        "precondition_required",
        "send If-Match with the ETag of the version you change",
      );
    }
    if (!/^"\d{1,15}"$/.test(tag)) {
      throw new InvalidError("invalid_if_match", 'If-Match takes an ETag of ours, such as "3"');
    }
    return { "if-match": Number(tag.slice(1, -1)) };
  });
  return enforcing(
    {
      header: {
        name: "If-Match",
        description: "The `ETag` of the version to change.",
        pattern: '^"\\d{1,15}"$',
        example: '"3"',
      },
      problems: { 400: ["invalid_if_match"], 412: ["stale_version"], 428: ["precondition_required"] },
    },
    validate,
  );
}

/** `?limit` from 1 on. */
export function Limit(maximum: number) {
  return z
    .string()
    .regex(/^\d{1,3}$/, `expected a number from 1 to ${maximum}`)
    .transform(Number)
    .pipe(z.int().min(1).max(maximum))
    .optional()
    .describe("How many at most.");
}

/** A limit and an opaque cursor. */
export const PageQuery = z.strictObject({
  limit: Limit(100),
  cursor: z.string().max(2048).optional().describe("The `nextCursor` of the page before."),
});

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path.join(".");
  if (issue.code !== "unrecognized_keys") {
    const code = issue.message === missing ? "missing" : issue.code;
    return [{ path, code, message: issue.message }];
  }
  return issue.keys.slice(0, maximumFaults + 1).map((key) => ({
    path: (path ? `${path}.${key}` : key).slice(0, 100),
    code: "unknown_field",
    message: "there is no such field: leave it out",
  }));
}
