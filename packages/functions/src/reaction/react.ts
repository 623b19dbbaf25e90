import { now } from "@cartwright/core/clock";
import { NeedsOperatorError } from "@cartwright/core/error";
import { consume, type Effects, type Failure, fromAttributes, type Verdict } from "@cartwright/events";
import type { SQSRecord } from "aws-lambda";
import * as z from "zod";
import { describe, sendDeadLetter } from "../dead-letter.ts";
import { type Line, log } from "../log.ts";

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

/** The outcome of a call may still be learned by asking again; nothing else that needs a person mends itself. */
function isForPerson(error: unknown): boolean {
  return error instanceof NeedsOperatorError && error.code !== "outcome_unknown";
}

/** What becomes of a message that failed: it is offered again, or lies in the dead letters with its reason. */
export async function settle(subscriber: string, failure: Failure<SQSRecord>): Promise<Verdict> {
  report(subscriber, failure);
  if (!failure.permanent && !isForPerson(failure.error) && !isLastAttempt(failure.message)) return "offer-again";
  return bury(subscriber, failure);
}

function report(subscriber: string, { message, error }: Failure<SQSRecord>): void {
  const line = lineOf(subscriber, message);
  if (error instanceof NotYetError) log("waiting", { ...line, outcome: error.message });
  else log("reaction failed", line, error);
}

const text = z.string().max(200).optional().catch(undefined);
const data = z.object({ orderId: text }).optional().catch(undefined);
const Told = z.object({ detail: z.object({ name: text, correlationId: text, traceparent: text, data }) });

/** Whatever can be told of a message, however malformed it is, so that an event's story can be found in the logs. */
function lineOf(step: string, { messageId, body }: SQSRecord): Line {
  const { detail } = Told.safeParse(parseJson(body)).data ?? {};
  const { name, correlationId, traceparent, data: { orderId } = {} } = detail ?? {};
  return { step, messageId, ...(name && { event: name }), correlationId, traceparent, orderId };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** After the last one SQS moves the message by itself. */
function isLastAttempt({ attributes }: SQSRecord): boolean {
  return Number(attributes.ApproximateReceiveCount) >= Number(process.env.MAXIMUM_RECEIVES);
}

async function bury(subscriber: string, { message, error }: Failure<SQSRecord>): Promise<Verdict> {
  const line = lineOf(subscriber, message);
  try {
    await sendDeadLetter(message.body, { ...describe(error), ...attemptsOf(message) });
    log("dead letter", { ...line, code: describe(error).code });
    return "taken-over";
  } catch (cause) {
    log("dead letter not sent", line, cause);
    return "offer-again";
  }
}

/** A message that was redriven carries what earlier attempts have told. */
function attemptsOf({ messageId, attributes, messageAttributes }: SQSRecord) {
  const told = Object.entries(messageAttributes).map(([name, { stringValue }]) => [name, { StringValue: stringValue }]);
  const earlier = fromAttributes(Object.fromEntries(told));
  return {
    attempts: (earlier?.attempts ?? 0) + Number(attributes.ApproximateReceiveCount),
    firstAt: earlier?.firstAt ?? new Date(Number(attributes.ApproximateFirstReceiveTimestamp)).toISOString(),
    lastAt: now().toISOString(),
    messageId,
  };
}
