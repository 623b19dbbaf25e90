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

const logger = new Logger();

/** One line per unit of work; `error` adds what went wrong. */
export function log(message: string, line: Line, error?: unknown): void {
  if (error === undefined) logger.info(message, { ...line });
  else logger.error(message, { ...line, error: error instanceof Error ? error : new Error(String(error)) });
}
