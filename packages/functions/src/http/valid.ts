import { DomainError, type Fault, InvalidError } from "@cartwright/core/error";
import type { Context, MiddlewareHandler } from "hono";
import { validator } from "hono/validator";
import * as z from "zod";
import type { Env } from "./router.ts";

/** More would help nobody, and let a small request cause a large answer. */
const maximumFaults = 50;

/** Parses one part of a request, and lists every fault at once with its path when it does not fit. */
export function valid<Schema extends z.ZodType, Target extends "json" | "query" | "param" | "form">(
  target: Target,
  schema: Schema,
) {
  return validator(target, (value: unknown, c): z.output<Schema> => {
    if (target === "json" && !/^application\/json\s*(;|$)/i.test(c.req.header("Content-Type") ?? "")) {
      throw new InvalidError("expected_json", "send the body as Content-Type: application/json");
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const all = parsed.error.issues.flatMap(faultsOf);
    const faults = all.slice(0, maximumFaults);
    const told = faults.map(({ path, message }) => `${path}: ${message}`).join("; ");
    const more = all.length > faults.length ? `; and ${all.length - faults.length} more` : "";
    throw new InvalidError("invalid_request", told + more, faults);
  });
}

/** What `idempotencyKey()` lets pass. */
export interface IdempotencyKey {
  in: { header: { "idempotency-key": string } };
  out: { header: { "idempotency-key": string } };
}

/** `Idempotency-Key`, which every POST that moves money, stock or orders must carry. */
export function idempotencyKey(): MiddlewareHandler<Env, string, IdempotencyKey> {
  return validator("header", (headers, c): { "idempotency-key": string } => {
    // The adapter for Lambda percent-encodes what is not ASCII, so the event tells what was really sent.
    const sent = (c as Context<Env>).env?.event?.headers?.["idempotency-key"];
    const key = typeof sent === "string" ? sent : headers["idempotency-key"];
    if (key === undefined) {
      throw new InvalidError("idempotency_key_required", "send an Idempotency-Key, a new one for each new request");
    }
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw new InvalidError("invalid_idempotency_key", "an Idempotency-Key has 1 to 255 printable ASCII characters");
    }
    return { "idempotency-key": key };
  });
}

/** For a command that says all by its path: a body would be something that the caller believes in and we ignore. */
export function noBody(): MiddlewareHandler<Env> {
  return async function refuseBody(c, next) {
    const body = (await c.req.text()).trim();
    if (body !== "" && body !== "{}") throw new InvalidError("unexpected_body", "this takes no body: leave it out");
    await next();
  };
}

interface IfMatch {
  in: { header: { "if-match": string } };
  out: { header: { "if-match": number } };
}

/** `If-Match` with the version that the caller has seen, as given out in `ETag`; what is valid is the version. */
export function ifMatch(): MiddlewareHandler<Env, string, IfMatch> {
  return validator("header", (headers): { "if-match": number } => {
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
}

/** `?limit` up to 100 and an opaque cursor. */
export const PageQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(100))
    .optional(),
  cursor: z.string().max(2048).optional(),
});

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path.join(".");
  if (issue.code !== "unrecognized_keys") return [{ path, code: issue.code, message: issue.message }];
  return issue.keys.slice(0, maximumFaults + 1).map((key) => ({
    path: (path ? `${path}.${key}` : key).slice(0, 100),
    code: "unknown_field",
    message: "there is no such field: leave it out",
  }));
}
