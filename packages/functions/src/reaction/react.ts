import { consume, type Effects } from "@cartwright/events";
import { log } from "../log.ts";

/** It is too early: the message goes back to its queue, and nothing is wrong. */
export class NotYetError extends Error {
  override name = "NotYetError";
}

/** The handler of one reaction's queue, which logs what it could not do. */
export function react(subscriber: string, effects: Effects) {
  return consume(effects, async ({ message: { messageId }, error }) => {
    if (error instanceof NotYetError) log("waiting", { step: subscriber, messageId, outcome: error.message });
    else log("reaction failed", { step: subscriber, messageId }, error);
    return "offer-again";
  });
}
