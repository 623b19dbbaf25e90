/** What goes wrong with a call, and what a program can do about each. */
import type { Problem, ProblemCode } from "./api.ts";

/** One fault of a request. */
export type Fault = NonNullable<Problem["errors"]>[number];

export interface Circumstances {
  retryAfterSeconds?: number | undefined;
  idempotencyKey?: string | undefined;
}

/** What the API answered instead of what was asked for. */
export class ProblemError extends Error {
  override name = "ProblemError";
  readonly status: number;
  /** Stable, and meant for programs; `unknown` when it was not this API that answered. */
  readonly code: ProblemCode | "unknown" | (string & {});
  readonly detail: string;
  /** Every fault of a bad request at once. */
  readonly errors: readonly Fault[];
  /** Names the request in the logs of the API. */
  readonly requestId: string | undefined;
  /** How long to wait before the next try, as far as the API says so. */
  readonly retryAfterSeconds: number | undefined;
  /** The key of this call: called again with it, what was done already is not done twice. */
  readonly idempotencyKey: string | undefined;
  /** The whole answer. */
  readonly problem: Partial<Problem>;

  constructor(status: number, problem: Partial<Problem>, { retryAfterSeconds, idempotencyKey }: Circumstances = {}) {
    super(textOr(`the API answered ${status}`, problem.detail));
    this.status = status;
    this.code = textOr("unknown", problem.code);
    this.detail = this.message;
    this.errors = Array.isArray(problem.errors) ? problem.errors : [];
    this.requestId = problem.requestId;
    this.retryAfterSeconds = retryAfterSeconds;
    this.idempotencyKey = idempotencyKey;
    this.problem = problem;
  }
}

/**
 * A change by `version` got no answer, and was then refused as stale or as not found: it may have been done by the first
 * try, or somebody else was faster. Whoever reads again knows.
 */
export class MaybeDoneError extends ProblemError {
  override name = "MaybeDoneError";
}

/** Nobody answered, or the answer broke off. Whether a change was done is not known. */
export class NetworkError extends Error {
  override name = "NetworkError";
  /** As that of `ProblemError`. */
  readonly idempotencyKey: string | undefined;

  constructor(
    message: string,
    { cause, idempotencyKey }: { cause?: unknown; idempotencyKey?: string | undefined } = {},
  ) {
    super(message, { cause });
    this.idempotencyKey = idempotencyKey;
  }
}

/** There was no answer in time. Whether a change was done is not known. */
export class TimeoutError extends NetworkError {
  override name = "TimeoutError";
}

/** It was answered that all is well, but not in JSON: is it this API that is there? */
export class UnexpectedAnswerError extends Error {
  override name = "UnexpectedAnswerError";
  readonly status: number;

  constructor(status: number, cause?: unknown) {
    super(`the answer (${status}) is not of this API`, { cause });
    this.status = status;
  }
}

/** The session has ended while something was asked for, so that it was not asked: whoever is no longer known is no guest. */
export class SignedOutError extends Error {
  override name = "SignedOutError";
}

/** Whether it is a problem of one of these codes, or of any. */
export function isProblem<Code extends ProblemCode>(
  error: unknown,
  ...codes: Code[]
): error is ProblemError & { readonly code: Code } {
  return error instanceof ProblemError && (codes.length === 0 || (codes as string[]).includes(error.code));
}

/** Whoever answers in the place of the API may mean something else by the same name. */
function textOr(instead: string, told: unknown): string {
  return typeof told === "string" ? told : instead;
}
