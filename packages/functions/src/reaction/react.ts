import { type Cause, consume, type Envelope, type on } from "@cartwright/events";
import { log } from "../log.ts";

/** It is too early: the message goes back to its queue, and nothing is wrong. */
export class NotYetError extends Error {
  override name = "NotYetError";
}

/** The handler of one reaction's queue, which logs what it could not do. */
export function react(name: string, ...reactions: ReturnType<typeof on>[]) {
  return consume(reactions, ({ messageId, error }) => {
    if (error instanceof NotYetError) log("waiting", { step: name, messageId, outcome: error.message });
    else log("reaction failed", { step: name, messageId }, error);
  });
}

/** What follows from an event belongs to its story. */
export function causeOf(event: Envelope<unknown>): Cause {
  const { correlationId, id: causationId, traceparent } = event;
  return { correlationId, causationId, ...(traceparent && { traceparent }) };
}
