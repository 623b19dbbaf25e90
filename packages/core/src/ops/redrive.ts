import { PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { StartExecutionCommand } from "@aws-sdk/client-sfn";
import { type MessageAttributeValue, SendMessageCommand } from "@aws-sdk/client-sqs";
import { Envelope, publish } from "@cartwright/events";
import { Resource } from "sst";
import * as z from "zod";
import { now } from "../clock.ts";
import { DomainError } from "../error.ts";
import { eventBridge, sfn, sqs } from "./client.ts";
import { fits, parseJson, toLetter } from "./letter.ts";
import { moveAll } from "./move.ts";
import { countLetters, deleteLetters, type Fate, hiddenSeconds, type Received, readThrough } from "./reading.ts";
import type { Letter, Redrive, Redriven } from "./schema.ts";
import { assertTakes, backWithin, type Subscriber, subscriberFrom } from "./subscriber.ts";

export class LetterNotFoundError extends DomainError {
  override name = "DeadLetterNotFoundError";
  constructor(subscriber: string, id: string) {
    super(
      "not_found",
      "dead_letter_not_found",
      `there is no letter ${id} among those of ${subscriber} that could be read: it was redriven or has expired, or somebody looks at it this moment; then it can be read again in ${hiddenSeconds} seconds at most`,
    );
  }
}

export class LetterNotReachedError extends DomainError {
  override name = "DeadLetterNotReachedError";
  constructor(subscriber: string, id: string, examined: number) {
    super(
      "unavailable",
      "dead_letter_not_reached",
      `${examined} letters of ${subscriber} were looked at and ${id} was not among them: the same request goes on with the others`,
    );
  }
}

type Refusal = Redriven["refused"][number];

/**
 * Sends letters where they were meant to go, and deletes them once they are on their way. `tell` hears of each of them,
 * and how long it took; of those that SQS moves by itself nobody knows more than their number.
 */
export async function redrive(
  request: Redrive,
  tell: (letter: Letter, durationMs: number) => void = () => {},
): Promise<Redriven> {
  const { dryRun = false } = request;
  const subscriber = subscriberFrom(request.subscriber);
  assertTakes(subscriber, request.filter?.event, "filter.event");
  const asOf = request.sentBefore ? new Date(request.sentBefore) : now();
  const { name, redrivesTo } = subscriber;
  const about = { subscriber: name, dryRun, redrivesTo, ...backWithin(subscriber), asOf: asOf.toISOString() };
  if (request.all && subscriber.redrivesTo === "queue") {
    if (dryRun) {
      const { all, hidden } = await countLetters(subscriber);
      return { ...about, examined: all, matched: all, redriven: 0, refused: [], more: hidden > 0, setAside: 0 };
    }
    const moved = await moveAll(subscriber, asOf);
    if (moved) return { ...about, ...moved, refused: [], setAside: 0 };
  }
  const found = { matched: 0, redriven: 0, refused: [] as Refusal[] };
  const look = async (letters: Received[]): Promise<Fate[]> => {
    const wanted = letters.filter((letter) => isWanted(subscriber, letter, request));
    const startedAt = performance.now();
    const { gone, refused } = await redriveBatch(subscriber, wanted, dryRun);
    const durationMs = performance.now() - startedAt;
    for (const letter of wanted) if (gone.has(letter.id)) tell(toLetter(subscriber, letter), durationMs);
    found.matched += wanted.length;
    found.redriven += gone.size;
    found.refused.push(...refused);
    return letters.map(({ id }) => (gone.has(id) ? "gone" : "set-aside"));
  };
  const { examined, ended, setAside } = await readThrough(subscriber, look, {
    enough: () => request.id !== undefined && found.matched > 0,
    asOf,
    setAsideBefore: request.setAside ?? 0,
  });
  const more = ended === "at-a-bound" || ended === "but-for-hidden";
  if (request.id !== undefined && found.matched === 0 && !more) {
    throw new LetterNotFoundError(subscriber.name, request.id);
  }
  return { ...about, examined, ...found, more, setAside };
}

/** Hands on what a person or a replay sends again, as it was, to a queue's subscriber or to a state machine. */
export async function passOn(
  subscriber: Subscriber,
  body: string,
  attributes: Record<string, MessageAttributeValue> = {},
): Promise<void> {
  if (subscriber.redrivesTo === "queue") {
    // The attributes tell of earlier attempts, which the next failure adds to.
    const message = { QueueUrl: subscriber.targetUrl, MessageBody: body, MessageAttributes: attributes };
    await sqs().send(new SendMessageCommand(message));
  } else if (subscriber.redrivesTo === "machine") {
    await sfn().send(new StartExecutionCommand({ stateMachineArn: subscriber.targetArn, input: body }));
  } else {
    throw new TypeError(`${subscriber.name} takes nothing from the bus`);
  }
}

function isWanted(subscriber: Subscriber, received: Received, { id, filter }: Redrive): boolean {
  if (id !== undefined) return received.id === id;
  return filter === undefined || fits(toLetter(subscriber, received).event, filter);
}

/** Sends first and deletes then: a crash between the two leaves a duplicate, which every effect endures. */
async function redriveBatch(subscriber: Subscriber, letters: Received[], dryRun: boolean) {
  const refused: Refusal[] = [];
  const sendable = letters.filter((letter) => {
    const reason = refusalOf(subscriber, letter);
    if (reason) refused.push({ id: letter.id, reason });
    return !reason;
  });
  if (dryRun) return { gone: new Set<string>(), refused };
  const unsent = subscriber.redrivesTo === "bus" ? await republish(sendable) : await resend(subscriber, sendable);
  refused.push(...unsent);
  const sent = sendable.filter(({ id }) => !unsent.some((refusal) => refusal.id === id));
  const undeleted = await deleteLetters(subscriber, sent);
  const again = "it was sent, but could not be deleted, so it is still listed; redriving it again does no harm";
  refused.push(...undeleted.map(({ id, reason }) => ({ id, reason: `${again} (${reason})` })));
  return { gone: new Set(sent.map(({ id }) => id)), refused };
}

async function resend(subscriber: Subscriber, letters: Received[]): Promise<Refusal[]> {
  const sending = letters.map(async ({ id, body, attributes }): Promise<Refusal[]> => {
    try {
      await passOn(subscriber, body, attributes);
      return [];
    } catch (error) {
      return [{ id, reason: `it could not be sent, and stays where it is: ${error}` }];
    }
  });
  return (await Promise.all(sending)).flat();
}

/** In the order in which they happened, as far as the batch tells: the bus keeps none. */
async function republish(letters: Received[]): Promise<Refusal[]> {
  const events = letters.map(({ id, body }) => ({
    id,
    event: z.object({ detail: Envelope }).parse(JSON.parse(body)).detail,
  }));
  events.sort((one, other) => one.event.sequence - other.event.sequence);
  const unpublished = await publish(
    events.map(({ event }) => event),
    {
      busName: Resource.Bus.name,
      putEvents: (entries) => eventBridge().send(new PutEventsCommand({ Entries: entries })),
    },
  );
  return unpublished.map(({ event, failure }) => ({
    id: events.find((candidate) => candidate.event === event)!.id,
    reason: `the bus did not take it, and it stays where it is: ${failure.code}: ${failure.message}`,
  }));
}

/** Why a letter can't be redriven at all, and what to do instead. */
function refusalOf({ redrivesTo }: Subscriber, { body }: Received): string | undefined {
  if (redrivesTo === "nothing")
    return "the schedule runs again by itself: once that works, this letter can be left to expire";
  const content = parseJson(body);
  if (redrivesTo === "machine" && !z.object({ detail: z.looseObject({}) }).safeParse(content).success) {
    return "it holds no event, so the state machine would fail and leave no letter: look at its body, it did not come from the bus";
  }
  if (redrivesTo !== "bus") return undefined;
  if (z.object({ detail: Envelope }).safeParse(content).success) return undefined;
  const where = "the item's last events are in its outbox attribute";
  if (z.object({ DDBStreamBatchInfo: z.unknown() }).safeParse(content).data?.DDBStreamBatchInfo) {
    return `it names records of the stream and holds no event: read them by shard and sequence number while the stream keeps them (24 hours); later, ${where}`;
  }
  return `it holds no event that can be read: ${where}, which the body shows with the item's keys; mend it, and the next write of the item publishes it`;
}
