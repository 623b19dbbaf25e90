/** What became of an order, told by log lines and nothing else: as a person reads it in CloudWatch Logs Insights. */

/** A line that a function has written about a unit of work, or about a letter that was redriven. */
export interface Told {
  message: string;
  timestamp: string;
  /** Logical name of the function that wrote it. */
  functionName: string;
  route?: string;
  step?: string;
  event?: string;
  eventId?: string;
  attempt?: number;
  receiver?: string;
  orderId?: string;
  correlationId?: string;
  traceparent?: string;
  requestId?: string;
  outcome?: string;
  code?: string;
  idempotency?: string;
  coldStart?: boolean;
  durationMs?: number;
  downstreamMs?: number;
  asked?: string;
  readUnits?: number;
  writeUnits?: number;
  count?: number;
}

/** Of all that is logged, the lines of ours; metrics and what the runtime says have no `message`. */
export function toldIn(text: string, functionName: string): Told[] {
  const line: Partial<Told> = text.startsWith("{") ? JSON.parse(text) : {};
  return line.message === undefined ? [] : [{ ...(line as Told), functionName }];
}

const kinds = ["request", "step", "delivery", "relay", "run"];

/** Whether it is the one line of a unit of work. */
export function isUnit({ message }: Told): boolean {
  return kinds.includes(message);
}

/**
 * All that names the order, and all of the same correlations that names no other one, by the time it began: what follows
 * from something begins later. Two questions, since only the first one's answer tells the correlations.
 */
export function storyOf(orderId: string, lines: readonly Told[]): Told[] {
  const correlations = new Set(lines.filter((line) => line.orderId === orderId).map((line) => line.correlationId));
  const isOfStory = (line: Told) =>
    line.orderId === orderId ||
    (line.orderId === undefined && line.correlationId !== undefined && correlations.has(line.correlationId));
  return lines.filter(isOfStory).sort((one, other) => beganAt(one) - beganAt(other));
}

/** A line is written when its unit ends. */
function beganAt({ timestamp, durationMs = 0 }: Told): number {
  return Date.parse(timestamp) - durationMs;
}

/** `AuthorizePayment ← order.placed: done (sandbox.authorize)` */
export function inWords({ message, route, step, event, attempt = 1, outcome, code, asked }: Told): string {
  const what = [route ?? step, event && `← ${event}`, attempt > 1 && `attempt ${attempt}`].filter(Boolean).join(" ");
  const how = [outcome ?? message, code].filter(Boolean).join(" ");
  return asked ? `${what}: ${how} (${asked})` : `${what}: ${how}`;
}
