import { CircuitOpenError, DomainError, type Fault, type Kind } from "@cartwright/core/error";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { log } from "../log.ts";
import type { Env } from "./router.ts";

/** RFC 9457 problem details, with a stable `code` for programs. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: string;
  requestId: string;
  errors?: Fault[];
}

const statusOfKind: Record<Kind, ContentfulStatusCode> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  unavailable: 503,
};

/** Codes for which HTTP has a closer status than their kind. */
const statusOfCode: Record<string, ContentfulStatusCode> = {
  body_too_large: 413,
  idempotency_key_reused: 422,
  precondition_required: 428,
  stale_version: 412,
  too_large: 413,
};

const titles: Record<number, string> = {
  400: "Bad request",
  401: "Not signed in",
  403: "Not allowed",
  404: "Not found",
  409: "Conflict",
  412: "Changed by somebody else",
  413: "Too large",
  422: "Unprocessable",
  428: "Precondition required",
  500: "Internal error",
  503: "Temporarily unavailable",
};

/** The one place where an error becomes an HTTP status. */
export function respondWithProblem(error: Error, c: Context<Env>): Response {
  if (error instanceof DomainError) {
    const status = statusOfCode[error.code] ?? statusOfKind[error.kind];
    if (error.kind === "unavailable") {
      c.header("Retry-After", String(error instanceof CircuitOpenError ? error.retryAfterSeconds : 1));
      log("unavailable", { requestId: c.get("cause").correlationId, code: error.code }, error.cause ?? error);
    }
    if (status === 401) c.header("WWW-Authenticate", "Bearer");
    return respond(c, status, error.code, error.message, error.faults);
  }
  if (error instanceof HTTPException)
    return respond(c, error.status as ContentfulStatusCode, "malformed", error.message);
  log("request failed", { requestId: c.get("cause")?.correlationId }, error);
  return respond(
    c,
    500,
    "internal_error",
    "something went wrong on our side; the request id helps us to find out what",
  );
}

export function respondNotFound(c: Context<Env>): Response {
  return respond(c, 404, "no_such_route", `${c.req.method} ${c.req.path} is not part of this API`);
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
