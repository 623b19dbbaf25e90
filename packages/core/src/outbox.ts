import {
  assertPublishable,
  type Cause,
  createEvent,
  type Envelope,
  type EventDefinition,
  EventTextError,
  EventTooLargeError,
} from "@cartwright/events";
import type * as z from "zod";
import { DomainError, TooLargeError } from "./error.ts";

/** An event and its data, still without the envelope that the write gives it. */
export interface Fact {
  definition: EventDefinition;
  data: Record<string, unknown>;
}

export function fact<Definition extends EventDefinition>(
  definition: Definition,
  data: z.input<Definition["schema"]>,
): Fact {
  return { definition, data: data as Record<string, unknown> };
}

/** What was asked for holds text that no queue takes, so nothing of it was written. */
export class UnsendableTextError extends DomainError {
  override name = "UnsendableTextError";
  constructor(cause: EventTextError) {
    super("invalid", "unsendable_text", cause.message, { cause });
  }
}

/**
 * What a write adds to its item so that events exist if and only if the change does: the item's next version and the
 * `outbox` attribute, which the relay reads from the table's stream. Every event takes the next sequence number, and
 * the version is that of the last one. Each write replaces the outbox, so a change without events must clear it.
 * Throws `TooLargeError` or `UnsendableTextError` for an event that could never be published.
 */
export function record(
  subject: string,
  version: number,
  time: Date,
  cause: Cause,
  facts: Fact[],
): { version: number; outbox: string } {
  const events = facts.map(({ definition, data }, index) =>
    createEvent(definition, { subject, sequence: version + index + 1, time, cause, data }),
  ) as Envelope[];
  events.forEach(refuseUnpublishable);
  return { version: version + Math.max(1, facts.length), outbox: JSON.stringify(events) };
}

function refuseUnpublishable(event: Envelope): void {
  try {
    assertPublishable(event);
  } catch (error) {
    if (error instanceof EventTooLargeError) throw new TooLargeError(error.message, error);
    if (error instanceof EventTextError) throw new UnsendableTextError(error);
    throw error;
  }
}
