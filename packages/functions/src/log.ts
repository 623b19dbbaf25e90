import { Logger } from "@aws-lambda-powertools/logger";
import type { Idempotency } from "@cartwright/core/spent";

/**
 * What a line may say. It is an allow-list of names, so that a token, an address or an email can't slip into a log
 * with an object that happens to hold one. What is unknown is left out.
 */
export interface Line {
  /** Of a request, such as `GET /orders/:id`. */
  route?: string;
  status?: number;
  /** The step of the saga, the subscriber or the schedule. */
  step?: string;
  /** Names of events; a change may have several. */
  event?: string | undefined;
  eventId?: string | undefined;
  messageId?: string;
  /** To whom a replayed event was handed. */
  receiver?: string;
  /** How often it was tried, in all and with this time, as far as that is known. */
  attempt?: number | undefined;
  orderId?: string | undefined;
  correlationId?: string | undefined;
  traceparent?: string | undefined;
  /** The operator's, where the correlation is that of what they take up again. */
  requestId?: string | undefined;
  outcome?: string;
  /** Stable: of the problem that a request is answered with, otherwise the name of the error. */
  code?: string | undefined;
  idempotency?: Idempotency | undefined;
  /** The first unit of work of an execution environment. */
  coldStart?: boolean;
  durationMs?: number;
  /** Of the duration, what was spent waiting for AWS and for payment providers. */
  downstreamMs?: number;
  /** Calls of payment providers, such as `sandbox.authorize`. */
  asked?: string | undefined;
  /** Of DynamoDB's capacity. */
  readUnits?: number;
  writeUnits?: number;
  count?: number;
  provider?: string;
}

/** The names again, for what a type can't keep out: an object that has more than its type says. */
const names: Record<keyof Line, true> = {
  route: true,
  status: true,
  step: true,
  event: true,
  eventId: true,
  messageId: true,
  receiver: true,
  attempt: true,
  orderId: true,
  correlationId: true,
  traceparent: true,
  requestId: true,
  outcome: true,
  code: true,
  idempotency: true,
  coldStart: true,
  durationMs: true,
  downstreamMs: true,
  asked: true,
  readUnits: true,
  writeUnits: true,
  count: true,
  provider: true,
};

const logger = new Logger();

/** `error` adds what went wrong. Units of work have their lines from `work.ts`; this is for what else is worth one. */
export function log(message: string, line: Line, error?: unknown): void {
  const told = Object.fromEntries(Object.entries(line).filter(([name]) => Object.hasOwn(names, name)));
  if (error === undefined) logger.info(message, told);
  else logger.error(message, { ...told, error: bare(error) });
}

/** A chain of causes may be a circle. */
const longestChain = 5;

/** Errors of AWS and of libraries carry what was sent: an item, a request with its headers. None of it is logged. */
function bare(error: unknown, depth = 1): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const { name, cause } = error;
  const isLast = !(cause instanceof Error) || depth === longestChain;
  const copy = new Error(wordsOf(error), isLast ? {} : { cause: bare(cause, depth + 1) });
  Object.defineProperties(copy, { name: { value: name }, stack: { value: stackOf(error) } });
  return copy;
}

/** An error of JSON quotes the text that it could not read. */
function wordsOf({ name, message }: Error): string {
  return name === "SyntaxError" ? "what was to be read is malformed" : message;
}

function stackOf(error: Error): string | undefined {
  return error.stack?.replace(error.message, () => wordsOf(error));
}
