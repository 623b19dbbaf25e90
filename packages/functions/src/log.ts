import { Logger } from "@aws-lambda-powertools/logger";

/**
 * What a line may say. It is an allow-list of names, so that a token, an address or an email can't slip into a log
 * with an object that happens to hold one.
 */
export interface Line {
  route?: string;
  status?: number;
  durationMs?: number;
  requestId?: string | undefined;
  correlationId?: string | undefined;
  traceparent?: string | undefined;
  orderId?: string | undefined;
  event?: string;
  messageId?: string;
  step?: string;
  outcome?: string;
  code?: string | undefined;
  count?: number;
  provider?: string;
}

/** The names again, for what a type can't keep out: an object that has more than its type says. */
const names: Record<keyof Line, true> = {
  route: true,
  status: true,
  durationMs: true,
  requestId: true,
  correlationId: true,
  traceparent: true,
  orderId: true,
  event: true,
  messageId: true,
  step: true,
  outcome: true,
  code: true,
  count: true,
  provider: true,
};

const logger = new Logger();

/** One line per unit of work; `error` adds what went wrong. */
export function log(message: string, line: Line, error?: unknown): void {
  const told = Object.fromEntries(Object.entries(line).filter(([name]) => Object.hasOwn(names, name)));
  if (error === undefined) logger.info(message, told);
  else logger.error(message, { ...told, error: bare(error) });
}

/** Errors of AWS and of libraries carry what was sent: an item, a request with its headers. None of it is logged. */
function bare(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const { name, message, stack, cause } = error;
  const copy = new Error(message, cause instanceof Error ? { cause: bare(cause) } : {});
  Object.defineProperties(copy, { name: { value: name }, stack: { value: stack } });
  return copy;
}
