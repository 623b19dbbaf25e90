export type Kind = "invalid" | "unauthenticated" | "forbidden" | "not_found" | "conflict" | "too_many" | "unavailable";

/** One fault of an input: `path` is a JSON path such as `lines.0.sku`. */
export interface Fault {
  path: string;
  code: string;
  message: string;
}

/**
 * What a caller can act on. `kind` decides the HTTP status, `code` is stable for programs, and `name` is explicit
 * because Step Functions match retries and catches on it.
 */
export class DomainError extends Error {
  override name = "DomainError";
  readonly kind: Kind;
  readonly code: string;
  readonly faults: Fault[] | undefined;

  constructor(kind: Kind, code: string, message: string, options: { cause?: unknown; faults?: Fault[] } = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.code = code;
    this.faults = options.faults;
  }
}

export class InvalidError extends DomainError {
  override name = "InvalidError";
  constructor(code: string, message: string, faults?: Fault[]) {
    super("invalid", code, message, faults ? { faults } : {});
  }
}

/** Something we depend on did not answer; the same call may succeed later and is safe to repeat. */
export class UnavailableError extends DomainError {
  override name = "UnavailableError";
  constructor(message: string, cause?: unknown) {
    super("unavailable", "temporarily_unavailable", message, { cause });
  }
}

/** Whether somebody we depend on failed us, so that the same call may succeed later. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof DomainError && error.kind === "unavailable";
}

/** The call was not made, so nothing has happened: what it needs has failed too often of late. */
export class CircuitOpenError extends UnavailableError {
  override name = "CircuitOpenError";
  override readonly code = "circuit_open";
  /** When the next try is due, by what was known when this was thrown; at least 1. */
  readonly retryAfterSeconds: number;
  constructor(subject: string, retryAfterSeconds: number) {
    super(`${subject} has failed too often of late and is left alone: the next try is in ${retryAfterSeconds} s`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Somebody we depend on may or may not have done it: it has to be looked up before anything else. */
export class UnknownOutcomeError extends DomainError {
  override name = "UnknownOutcomeError";
  constructor(who: string, cause?: unknown) {
    super("unavailable", "unknown_outcome", `${who} did not answer in time`, { cause });
  }
}

/** Others changed the same item at the same time, more often than we were willing to try again. */
export class ContentionError extends DomainError {
  override name = "ContentionError";
  constructor(subject: string, cause?: unknown) {
    super("unavailable", "contention", `${subject} is being changed by others: try again`, { cause });
  }
}

/** More than one caller may ask for in a while. Nothing was done. */
export class TooManyRequestsError extends DomainError {
  override name = "TooManyRequestsError";
  /** Until that while is over; at least 1. */
  readonly retryAfterSeconds: number;
  constructor(retryAfterSeconds: number) {
    super("too_many", "rate_limited", `that was too often: try again in ${retryAfterSeconds} s`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Somebody was faster: what a caller has seen of it, and would change, is no more. */
export class StaleVersionError extends DomainError {
  override name = "StaleVersionError";
  constructor(subject: string, expected: number) {
    super("conflict", "stale_version", `${subject} is no longer at version ${expected}: read it again`);
  }
}

/** What was asked for would make something that DynamoDB or the bus can't hold, so nothing of it was written. */
export class TooLargeError extends DomainError {
  override name = "TooLargeError";
  constructor(message: string, cause?: unknown) {
    super("invalid", "too_large", message, { cause });
  }
}

/** An idempotency key names one request: the same key with another body is a mistake of the caller. */
export class KeyReusedError extends DomainError {
  override name = "IdempotencyKeyReusedError";
  constructor() {
    super("conflict", "idempotency_key_reused", "this Idempotency-Key was used with another body: send a new key");
  }
}

/** What no rule mends; `code` is stable, and names the first of the complaints. Trying again changes nothing. */
export class NeedsOperatorError extends DomainError {
  override name = "NeedsOperatorError";
  constructor(subject: string, complaints: readonly { code: string; detail: string }[]) {
    const told = complaints.map(({ detail }) => detail).join("; ");
    super("conflict", complaints[0]?.code ?? "needs_operator", `${told} (${subject})`);
  }
}
