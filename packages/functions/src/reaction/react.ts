import { now } from "@cartwright/core/clock";
import { NeedsOperatorError } from "@cartwright/core/error";
import { consume, type Effects, type Failure, fromAttributes, type Verdict } from "@cartwright/events";
import type { SQSRecord } from "aws-lambda";
import * as z from "zod";
import { sendDeadLetter } from "../dead-letter.ts";
import { describe } from "../failure.ts";
import { type Line, log } from "../log.ts";
import { tell, unitOfWork } from "../work.ts";

/** It is too early: the message goes back to its queue, and nothing is wrong. */
export class NotYetError extends Error {
  override name = "NotYetError";
}

/**
 * The handler of one subscriber's queue. What trying again can't mend, and what has been tried as often as the queue
 * allows, becomes a dead letter that tells its reason; SQS's own would tell none.
 */
export function react(subscriber: string, effects: Effects) {
  return consume<SQSRecord>(effects, settle, (message, work) => delivering(subscriber, message, work));
}

/** What is done about one message is a unit of work. */
export function delivering<Result>(
  subscriber: string,
  message: SQSRecord,
  work: () => Promise<Result>,
): Promise<Result> {
  return unitOfWork("delivery", lineOf(subscriber, message), work);
}

/** What becomes of a message that failed: it is offered again, or lies in the dead letters with its reason. */
export async function settle({ message, error, permanent }: Failure<SQSRecord>): Promise<Verdict> {
  const isOver = permanent || isForPerson(error) || isLastAttempt(message);
  if (error instanceof NotYetError && !isOver) {
    tell({ outcome: "waiting" });
    return "offer-again";
  }
  const isBuried = isOver && (await bury(message, error));
  tell({ outcome: isBuried ? "dead letter" : "failed", code: describe(error).code }, error);
  return isBuried ? "taken-over" : "offer-again";
}

/** The outcome of a call may still be learned by asking again; nothing else that needs a person mends itself. */
function isForPerson(error: unknown): boolean {
  return error instanceof NeedsOperatorError && error.code !== "outcome_unknown";
}

/** After the last one SQS moves the message by itself. */
function isLastAttempt({ attributes }: SQSRecord): boolean {
  return Number(attributes.ApproximateReceiveCount) >= Number(process.env.MAXIMUM_RECEIVES);
}

/** Whether a person can find it now. */
async function bury(message: SQSRecord, error: unknown): Promise<boolean> {
  const { messageId } = message;
  try {
    await sendDeadLetter(message.body, { ...describe(error), ...attemptsOf(message), messageId });
    return true;
  } catch (cause) {
    log("dead letter not sent", { messageId }, cause);
    return false;
  }
}

function attemptsOf(message: SQSRecord) {
  const { ApproximateFirstReceiveTimestamp: firstReceived } = message.attributes;
  const firstAt = earlierOf(message)?.firstAt ?? new Date(Number(firstReceived)).toISOString();
  return { attempts: attemptOf(message), firstAt, lastAt: now().toISOString() };
}

function attemptOf(message: SQSRecord): number {
  return (earlierOf(message)?.attempts ?? 0) + Number(message.attributes.ApproximateReceiveCount);
}

/** A message that was redriven carries what earlier attempts have told. */
function earlierOf({ messageAttributes }: SQSRecord) {
  const told = Object.entries(messageAttributes).map(([name, { stringValue }]) => [name, { StringValue: stringValue }]);
  return fromAttributes(Object.fromEntries(told));
}

const text = z.string().max(200).optional().catch(undefined);
const data = z.object({ orderId: text }).optional().catch(undefined);
const Told = z.object({ detail: z.object({ id: text, name: text, correlationId: text, traceparent: text, data }) });

/** Whatever can be told of a message, however malformed it is, so that an event's story can be found in the logs. */
function lineOf(step: string, message: SQSRecord): Line {
  const { detail } = Told.safeParse(parseJson(message.body)).data ?? {};
  const { id: eventId, name: event, correlationId, traceparent, data: { orderId } = {} } = detail ?? {};
  const { messageId } = message;
  return { step, event, eventId, messageId, attempt: attemptOf(message), orderId, correlationId, traceparent };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
