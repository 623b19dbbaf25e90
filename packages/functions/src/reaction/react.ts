import { now } from "@cartwright/core/clock";
import { consume, type Effects, type Failure, fromAttributes, type Verdict } from "@cartwright/events";
import type { SQSRecord } from "aws-lambda";
import { describe, sendDeadLetter } from "../dead-letter.ts";
import { log } from "../log.ts";

/** It is too early: the message goes back to its queue, and nothing is wrong. */
export class NotYetError extends Error {
  override name = "NotYetError";
}

/**
 * The handler of one subscriber's queue. What trying again can't mend, and what has been tried as often as the queue
 * allows, becomes a dead letter that tells its reason; SQS's own would tell none.
 */
export function react(subscriber: string, effects: Effects) {
  return consume<SQSRecord>(effects, (failure) => settle(subscriber, failure));
}

/** What becomes of a message that failed: it is offered again, or lies in the dead letters with its reason. */
export async function settle(subscriber: string, failure: Failure<SQSRecord>): Promise<Verdict> {
  report(subscriber, failure);
  if (!failure.permanent && !isLastAttempt(failure.message)) return "offer-again";
  return bury(subscriber, failure);
}

function report(subscriber: string, { message: { messageId }, error }: Failure<SQSRecord>): void {
  if (error instanceof NotYetError) log("waiting", { step: subscriber, messageId, outcome: error.message });
  else log("reaction failed", { step: subscriber, messageId }, error);
}

/** After the last one SQS moves the message by itself. */
function isLastAttempt({ attributes }: SQSRecord): boolean {
  return Number(attributes.ApproximateReceiveCount) >= Number(process.env.MAXIMUM_RECEIVES);
}

async function bury(subscriber: string, { message, error }: Failure<SQSRecord>): Promise<Verdict> {
  const { messageId } = message;
  try {
    await sendDeadLetter(message.body, { ...describe(error), ...attemptsOf(message) });
    log("dead letter", { step: subscriber, messageId, code: describe(error).code });
    return "taken-over";
  } catch (cause) {
    log("dead letter not sent", { step: subscriber, messageId }, cause);
    return "offer-again";
  }
}

/** A message that was redriven carries what earlier attempts have told. */
function attemptsOf({ attributes, messageAttributes }: SQSRecord) {
  const told = Object.entries(messageAttributes).map(([name, { stringValue }]) => [name, { StringValue: stringValue }]);
  const earlier = fromAttributes(Object.fromEntries(told));
  return {
    attempts: (earlier?.attempts ?? 0) + Number(attributes.ApproximateReceiveCount),
    firstAt: earlier?.firstAt ?? new Date(Number(attributes.ApproximateFirstReceiveTimestamp)).toISOString(),
    lastAt: now().toISOString(),
  };
}
