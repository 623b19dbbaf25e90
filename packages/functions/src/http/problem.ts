import { CircuitOpenError, DomainError, type Fault, type Kind, TooManyRequestsError } from "@cartwright/core/error";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import * as z from "zod";
import { log } from "../log.ts";
import type { Env } from "./router.ts";

export const Problem = z
  .object({
    type: z.string().describe("A URN of the `code`."),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe("For whoever wrote the program."),
    instance: z.string().describe("The path that was asked for."),
    code: z.string().describe("Stable, for programs."),
    requestId: z.string().describe("Names the request in our logs."),
    errors: z
      .array(z.object({ path: z.string().describe("Such as `lines.0.sku`."), code: z.string(), message: z.string() }))
      .optional()
      .describe("Every fault of the request at once."),
  })
  .describe("Problem details (RFC 9457), with a stable `code` for programs.");
export type Problem = z.infer<typeof Problem>;

const statusOfKind: Record<Kind, ContentfulStatusCode> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_many: 429,
  unavailable: 503,
};

/** Codes for which HTTP has a closer status than their kind. */
const statusOfCode: Record<string, ContentfulStatusCode> = {
  body_too_large: 413,
  expected_json: 415,
  idempotency_key_reused: 422,
  method_not_allowed: 405,
  precondition_required: 428,
  stale_version: 412,
  too_large: 413,
  too_many_attempts: 429,
  unsupported_encoding: 415,
};

/** In the words of HTTP (RFC 9110, RFC 6585). */
export const titles: Record<number, string> = {
  400: "Bad request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  412: "Precondition failed",
  413: "Content too large",
  415: "Unsupported media type",
  422: "Unprocessable content",
  428: "Precondition required",
  429: "Too many requests",
  500: "Internal server error",
  503: "Service unavailable",
};

/** The one place where an error becomes an HTTP status. */
export function respondWithProblem(error: Error, c: Context<Env>): Response {
  if (error instanceof DomainError) return respondRefused(error, c);
  // It quotes what was sent, in words of the framework's.
  if (error instanceof HTTPException) {
    return respond(c, error.status as ContentfulStatusCode, "malformed", "the body is not what its Content-Type says");
  }
  log("request failed", { correlationId: c.get("cause")?.correlationId }, error);
  return respond(
    c,
    500,
    "internal_error",
    "something went wrong on our side; the request id helps us to find out what",
  );
}

function respondRefused(error: DomainError, c: Context<Env>): Response {
  const status = statusOfCode[error.code] ?? statusOfKind[error.kind];
  if (error.kind === "unavailable") {
    log("unavailable", { correlationId: c.get("cause").correlationId, code: error.code }, error.cause ?? error);
  }
  const retryAfterSeconds = retryAfterOf(error, status);
  if (retryAfterSeconds !== undefined) c.header("Retry-After", String(retryAfterSeconds));
  if (status === 401) c.header("WWW-Authenticate", "Bearer");
  return respond(c, status, error.code, error.message, error.faults);
}

function retryAfterOf(error: DomainError, status: ContentfulStatusCode): number | undefined {
  if (error instanceof CircuitOpenError || error instanceof TooManyRequestsError) return error.retryAfterSeconds;
  if (status === 429) return 60;
  return error.kind === "unavailable" ? 1 : undefined;
}

/** Nothing answers here: because there is no such path, or because it has other `methods`. */
export function respondNotFound(c: Context<Env>, methods: string[]): Response {
  if (methods.length === 0) return respond(c, 404, "no_such_route", `${c.req.path} is not part of this API`);
  const allowed = methods.join(", ");
  c.header("Allow", allowed);
  return respond(c, 405, "method_not_allowed", `${c.req.path} takes ${allowed}`);
}

function respond(
  c: Context<Env>,
  status: ContentfulStatusCode,
  code: string,
  detail: string,
  faults?: Fault[],
): Response {
  c.set("code", code);
  const problem: Problem = {
    type: `urn:cartwright:problem:${code}`,
    title: titles[status] ?? "Error",
    status,
    detail,
    instance: c.req.path,
    code,
    requestId: c.get("cause").correlationId,
    ...(faults && { errors: faults }),
  };
  return c.body(JSON.stringify(problem), status, { "Content-Type": "application/problem+json" });
}
