/** Publishes the events that a table's writes carry: the other half of the outbox. */
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { now } from "@cartwright/core/clock";
import { type DeadLetterFailure, Envelope, publish, type Unpublished } from "@cartwright/events";
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import { Resource } from "sst";
import * as z from "zod";
import { describe, sendDeadLetter } from "./dead-letter.ts";
import { log } from "./log.ts";
import { impatient } from "./patience.ts";

let client: EventBridgeClient | undefined;

/** The function has half a minute; what is left of it is for dead letters. */
const publishLimitMs = 15_000;
const Outbox = z.array(Envelope);

interface Committed {
  record: DynamoDBRecord;
  events: Envelope[];
  /** Why its outbox could not be read. */
  unreadable?: unknown;
}

/**
 * Reports the first record whose events did not all arrive. The stream offers it again with everything behind it, so
 * what was published behind it is published twice, never lost; consumers are built for that. What can never be
 * published, or could not for hours, becomes a dead letter with its reason, and the stream goes on behind it.
 */
export async function handler({ Records: records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  const committed = records.map(read);
  const events = committed.flatMap((record) => record.events);
  const unpublished = await publish(events, {
    busName: Resource.Bus.name,
    limitMs: publishLimitMs,
    putEvents: (entries) => eventBridge().send(new PutEventsCommand({ Entries: entries })),
  });
  for (const { event, failure } of unpublished) {
    log("not relayed", { event: event.name, correlationId: event.correlationId, code: failure.code }, failure.message);
  }
  const stop = await firstStuck(committed, unpublished);
  log("relayed", { count: events.length - unpublished.length, outcome: stop ? `stopped at ${stop}` : "complete" });
  return { batchItemFailures: stop ? [{ itemIdentifier: stop }] : [] };
}

/** Leaves dead letters up to the first record that is still worth trying; those behind it are offered again with it. */
async function firstStuck(committed: Committed[], unpublished: Unpublished[]): Promise<string | undefined> {
  for (const { record, events, unreadable } of committed) {
    const lost = unpublished.filter(({ event }) => events.includes(event));
    const overdue = ageSeconds(record) >= Number(process.env.GIVE_UP_AFTER_SECONDS);
    const firstAt = committedAt(record);
    const letters = lost.map(
      ({ event, failure }): Letter => ({ body: { detail: event }, failure: { ...failure, firstAt } }),
    );
    if (unreadable) letters.push({ body: whereabouts(record), failure: { ...describe(unreadable), firstAt } });
    const hopeful = lost.some(({ permanent }) => !permanent) && !overdue;
    if (hopeful || !(await bury(letters))) return record.dynamodb!.SequenceNumber!;
  }
  return undefined;
}

/** Whether a person can find all of it now. */
async function bury(letters: Letter[]): Promise<boolean> {
  const lastAt = now().toISOString();
  try {
    for (const { body, failure } of letters) {
      await sendDeadLetter(JSON.stringify(body), { ...failure, lastAt });
      log("dead letter", { code: failure.code });
    }
    return true;
  } catch (error) {
    log("dead letter not sent", {}, error);
    return false;
  }
}

interface Letter {
  body: object;
  failure: DeadLetterFailure;
}

function read(record: DynamoDBRecord): Committed {
  try {
    return { record, events: newEvents(record) };
  } catch (unreadable) {
    return { record, events: [], unreadable };
  }
}

function eventBridge(): EventBridgeClient {
  client ??= new EventBridgeClient(impatient);
  return client;
}

/** A write that left the outbox as it was tells nothing new. */
function newEvents({ dynamodb }: DynamoDBRecord): Envelope[] {
  const outbox = dynamodb?.NewImage?.outbox?.S;
  if (!outbox || outbox === dynamodb?.OldImage?.outbox?.S) return [];
  const before = idsIn(dynamodb?.OldImage?.outbox?.S);
  return parse(outbox).filter(({ id }) => !before.includes(id));
}

/** An outbox from before that can't be read hides nothing: at worst what it told is told again. */
function idsIn(outbox: string | undefined): string[] {
  try {
    return outbox ? parse(outbox).map(({ id }) => id) : [];
  } catch {
    return [];
  }
}

class UnreadableOutboxError extends Error {
  override name = "UnreadableOutboxError";
}

function parse(outbox: string): Envelope[] {
  try {
    return Outbox.parse(JSON.parse(outbox));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : "it is not JSON";
    throw new UnreadableOutboxError(`the outbox does not hold events: ${reason}`, { cause });
  }
}

/** All there is to find and mend an item by. */
function whereabouts({ dynamodb, eventSourceARN }: DynamoDBRecord) {
  const { Keys: keys, SequenceNumber: sequenceNumber } = dynamodb ?? {};
  return { outbox: dynamodb?.NewImage?.outbox?.S, keys, sequenceNumber, stream: eventSourceARN };
}

function ageSeconds(record: DynamoDBRecord): number {
  return (now().getTime() - Date.parse(committedAt(record))) / 1000;
}

function committedAt({ dynamodb }: DynamoDBRecord): string {
  return new Date((dynamodb?.ApproximateCreationDateTime ?? 0) * 1000).toISOString();
}
