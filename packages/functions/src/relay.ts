/** Publishes the events that a table's writes carry: the other half of the outbox. */
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { now } from "@cartwright/core/clock";
import { metered } from "@cartwright/core/metered";
import { measure } from "@cartwright/core/metric";
import { type DeadLetterFailure, Envelope, publish, type Unpublished } from "@cartwright/events";
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import { Resource } from "sst";
import * as z from "zod";
import { sendDeadLetter } from "./dead-letter.ts";
import { describe } from "./failure.ts";
import { type Line, log } from "./log.ts";
import { impatient } from "./patience.ts";
import { type Unit, unitsOfWork } from "./work.ts";

let client: EventBridgeClient | undefined;

/** The function has half a minute; what is left of it is for dead letters. */
const publishLimitMs = 15_000;
const Outbox = z.array(Envelope);

interface Committed {
  record: DynamoDBRecord;
  events: Envelope[];
  /** Why its outbox could not be read. */
  unreadable?: unknown;
  unit: Unit;
}

/**
 * Reports the first record whose events did not all arrive. The stream offers it again with everything behind it, so
 * what was published behind it is published twice, never lost; consumers are built for that. What can never be
 * published, or could not for hours, becomes a dead letter with its reason, and the stream goes on behind it.
 */
export async function handler({ Records: records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  const committed = records.map(read);
  const units = committed.map(({ unit }) => unit);
  return unitsOfWork("relay", units, async () => {
    const unpublished = await publish(
      committed.flatMap(({ events }) => events),
      {
        busName: Resource.Bus.name,
        limitMs: publishLimitMs,
        putEvents: (entries) => eventBridge().send(new PutEventsCommand({ Entries: entries })),
      },
    );
    measureLag(committed);
    const stop = await firstStuck(committed, unpublished);
    return { batchItemFailures: stop ? [{ itemIdentifier: stop }] : [] };
  });
}

/** How long the longest of them took to get out, or has been waiting by now. */
function measureLag(committed: Committed[]): void {
  const telling = committed.filter(({ events }) => events.length > 0);
  if (telling.length === 0) return;
  const value = Math.max(0, ...telling.map(({ record }) => ageSeconds(record)));
  // It is the stacks' name, since an alarm goes by it.
  measure({ name: "RelayLag", value, unit: "Seconds", dimensions: { domain: process.env.DOMAIN! } });
}

/** Leaves dead letters up to the first record that is still worth trying; those behind it are offered again with it. */
async function firstStuck(committed: Committed[], unpublished: Unpublished[]): Promise<string | undefined> {
  let stop: string | undefined;
  for (const change of committed) {
    const lost = unpublished.filter(({ event }) => change.events.includes(event));
    if (lost.length === 0 && change.unreadable === undefined) continue;
    const isBuried = stop === undefined && (await bury(change, lost));
    complain(change, lost, isBuried ? "dead letter" : "failed");
    if (!isBuried) stop ??= change.record.dynamodb!.SequenceNumber!;
  }
  return stop;
}

/** Whether a person can find all of it now, because it is not worth trying any more. */
async function bury({ record, unreadable }: Committed, lost: Unpublished[]): Promise<boolean> {
  const isOverdue = ageSeconds(record) >= Number(process.env.GIVE_UP_AFTER_SECONDS);
  if (lost.some(({ permanent }) => !permanent) && !isOverdue) return false;
  const times = { firstAt: committedAt(record), lastAt: now().toISOString() };
  const letters = lost.map(({ event, failure }): Letter => ({ body: { detail: event }, failure }));
  if (unreadable) letters.push({ body: whereabouts(record), failure: describe(unreadable) });
  try {
    for (const { body, failure } of letters) await sendDeadLetter(JSON.stringify(body), { ...failure, ...times });
    return true;
  } catch (error) {
    log("dead letter not sent", {}, error);
    return false;
  }
}

function complain({ unit, unreadable }: Committed, [first]: Unpublished[], outcome: "dead letter" | "failed"): void {
  const code = unreadable === undefined ? first?.failure.code : describe(unreadable).code;
  Object.assign(unit.line, { outcome, code });
  unit.error = unreadable ?? first?.failure.message;
}

interface Letter {
  body: object;
  failure: DeadLetterFailure;
}

function read(record: DynamoDBRecord): Committed {
  try {
    const events = newEvents(record);
    return { record, events, unit: { line: lineOf(events) } };
  } catch (unreadable) {
    return { record, events: [], unreadable, unit: { line: lineOf([]) } };
  }
}

/** The events of one write follow from the same cause. */
function lineOf(events: Envelope[]): Line {
  const step = process.env.DEAD_LETTERS?.replace(/DeadLetters$/, "") ?? "Relay";
  const [first] = events;
  if (!first) return { step, outcome: "nothing new" };
  const { correlationId, traceparent } = first;
  const event = events.map(({ name }) => name).join(" ");
  const eventId = events.map(({ id }) => id).join(" ");
  return { step, event, eventId, orderId: orderIdOf(events), correlationId, traceparent };
}

function orderIdOf(events: Envelope[]): string | undefined {
  const about = z.object({ orderId: z.string() });
  return events.flatMap(({ data }) => about.safeParse(data).data?.orderId ?? [])[0];
}

function eventBridge(): EventBridgeClient {
  client ??= metered(new EventBridgeClient(impatient));
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
