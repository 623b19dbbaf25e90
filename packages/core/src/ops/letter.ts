import { type DeadLetterFailure, fromAttributes } from "@cartwright/events";
import * as z from "zod";
import type { Received } from "./reading.ts";
import { type Filter, type Letter, LetterEvent } from "./schema.ts";
import type { Subscriber } from "./subscriber.ts";

/** What a message in a queue of dead letters tells. It is read leniently: a letter may be there for being malformed. */
export function toLetter({ name: subscriber }: Subscriber, received: Received): Letter {
  const body = parseJson(received.body);
  const event = eventIn(body);
  const { id, sentAt } = received;
  return { id, subscriber, ...(event && { event }), failure: failureOf(subscriber, received, body), sentAt };
}

/** A body as it was sent: JSON when it is that. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

/** The event that a message from the bus holds; `undefined` when it has no envelope that can be read. */
export function eventIn(body: unknown): LetterEvent | undefined {
  const parsed = z.object({ detail: LetterEvent.extend({ data: z.unknown() }) }).safeParse(body);
  if (!parsed.success) return undefined;
  const { data, orderId: _, ...event } = parsed.data.detail;
  const orderId = orderIdIn(data) ?? (event.subject.startsWith("ord_") ? event.subject : undefined);
  return { ...event, ...(orderId !== undefined && { orderId }) };
}

export function fits(event: LetterEvent | undefined, filter: Filter): boolean {
  const { after, before, ...same } = filter;
  const wanted = Object.entries(same).filter(([, value]) => value !== undefined);
  if (!event) return wanted.length === 0 && !after && !before;
  const told: Record<string, unknown> = { ...event, event: event.name };
  if (!wanted.every(([name, value]) => told[name] === value)) return false;
  const timeMs = Date.parse(event.time);
  return !(after && timeMs < Date.parse(after)) && !(before && timeMs >= Date.parse(before));
}

function orderIdIn(data: unknown): string | undefined {
  return z.object({ orderId: z.string() }).safeParse(data).data?.orderId;
}

/** SQS moves a message by itself when the function died; what is in the attributes then is of an earlier time. */
function failureOf(subscriber: string, received: Received, body: unknown): DeadLetterFailure {
  const told = fromAttributes(received.attributes);
  if (!received.movedBySqs) return told ?? failureInBody(body) ?? unreported(subscriber, received);
  return { ...unreported(subscriber, received), ...(told?.firstAt && { firstAt: told.firstAt }) };
}

function unreported(subscriber: string, { id, sentAt }: Received): DeadLetterFailure {
  const found = `the log of ${subscriber} from ${sentAt} on tells more: look for the message ${id}, for timeouts and for memory`;
  return { code: "Unreported", message: `nothing was reported: it died, ran out of time or could not start; ${found}` };
}

/** What Lambda itself writes when it gives up on a stream's records, or on an event that nobody waits for. */
const GivenUp = z.object({
  timestamp: z.string(),
  requestContext: z.object({ condition: z.string(), approximateInvokeCount: z.int().optional() }),
  responsePayload: z.object({ errorType: z.string(), errorMessage: z.string() }).optional().catch(undefined),
  DDBStreamBatchInfo: z.object({ batchSize: z.int() }).optional(),
});

function failureInBody(body: unknown): DeadLetterFailure | undefined {
  const parsed = GivenUp.safeParse(body);
  if (!parsed.success) return undefined;
  const { timestamp, requestContext, responsePayload, DDBStreamBatchInfo: batch } = parsed.data;
  const { condition, approximateInvokeCount: attempts } = requestContext;
  const what = batch ? `${batch.batchSize} records of the stream` : "the event";
  return {
    code: responsePayload?.errorType ?? condition,
    message: responsePayload?.errorMessage ?? `Lambda gave up on ${what} (${condition})`,
    ...(attempts && { attempts }),
    lastAt: timestamp,
  };
}
