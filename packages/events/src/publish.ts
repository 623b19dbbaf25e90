import { setTimeout as sleep } from "node:timers/promises";
import type { Envelope } from "./envelope.ts";
import { isTraceparent, toTraceHeader } from "./trace.ts";

/** One entry of EventBridge `PutEvents`, structurally, so that this package needs no SDK. */
export interface Entry {
  EventBusName: string;
  Source: string;
  DetailType: string;
  Detail: string;
  Time: Date;
  TraceHeader?: string;
}

/** Its answer: one result per entry, in order. Only what has an `EventId` was taken. */
export interface PutEventsResult {
  Entries?:
    | { EventId?: string | undefined; ErrorCode?: string | undefined; ErrorMessage?: string | undefined }[]
    | undefined;
}

export type PutEvents = (entries: Entry[]) => Promise<PutEventsResult>;

/** PutEvents takes 10 entries and less than 256 KB in one request. */
const maximumEntries = 10;
const limitBytes = 256 * 1024;

/**
 * Queues and state machines take 256 KB too, of the event with what the bus wraps around it and of a dead letter with
 * its attributes. What is published must have room in them.
 */
const maximumEventBytes = limitBytes - 16 * 1024;

const firstPauseMs = 50;

/** An event that can't be published and delivered, however often it is tried. */
export abstract class UnpublishableError extends Error {}

export class EventTooLargeError extends UnpublishableError {
  override name = "EventTooLargeError";
}

export class EventTextError extends UnpublishableError {
  override name = "EventTextError";
}

/**
 * Refuses what could not be published and delivered, at the time of writing, while the caller can still be told.
 * Throws `EventTooLargeError`, or `EventTextError` for U+FFFE and U+FFFF: JSON holds them as they are, and SQS refuses
 * a message with one of them.
 */
export function assertPublishable(event: Envelope): void {
  if (/[\ufffe\uffff]/.test(JSON.stringify(event))) {
    throw new EventTextError(
      `${event.name} of ${event.subject} holds U+FFFE or U+FFFF, which no queue takes: leave it out`,
    );
  }
  const bytes = entryBytes(toEntry(event, ""));
  if (bytes <= maximumEventBytes) return;
  throw new EventTooLargeError(
    `${event.name} of ${event.subject} has ${bytes} bytes; an event has at most ${maximumEventBytes}: store the data and send a reference`,
  );
}

export interface Unpublished {
  event: Envelope;
  failure: { code: string; message: string };
  /** Whether the bus would refuse this event however often it is sent. */
  permanent: boolean;
}

export interface PublishOptions {
  busName: string;
  putEvents: PutEvents;
  /** How often an entry is sent at most. */
  attempts?: number;
  /** After this time nothing more is sent, so that a bus that hangs leaves the caller time to deal with it. */
  limitMs?: number;
  /** Waits between two attempts; exponential with jitter by default. */
  pause?: (attempt: number) => Promise<unknown>;
}

/**
 * Publishes in the given order, and answers which events did not arrive. `PutEvents` answers 200 even when entries
 * failed, so each one is looked at, and only those that failed are sent again. An event that failed holds back later
 * ones of its subject, to keep their order; one that the bus will never take does not.
 */
export async function publish(
  events: Envelope[],
  { attempts = 3, pause = backOff, limitMs = Number.POSITIVE_INFINITY, ...bus }: PublishOptions,
): Promise<Unpublished[]> {
  const untilMs = performance.now() + limitMs;
  const refused: Unpublished[] = [];
  let failed: Unpublished[] = [];
  let pending = events;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const unpublished = await publishOnce(pending, bus, untilMs);
    refused.push(...unpublished.filter(({ permanent }) => permanent));
    failed = unpublished.filter(({ permanent }) => !permanent);
    if (failed.length === 0) break;
    pending = failed.map(({ event }) => event);
    if (performance.now() >= untilMs) break;
    if (attempt < attempts) await pause(attempt);
  }
  return [...refused, ...failed];
}

function backOff(attempt: number): Promise<unknown> {
  return sleep(Math.random() * firstPauseMs * 2 ** attempt);
}

type Bus = Pick<PublishOptions, "busName" | "putEvents">;

async function publishOnce(events: Envelope[], bus: Bus, untilMs: number): Promise<Unpublished[]> {
  const unpublished: Unpublished[] = [];
  const blocked = new Set<string>();
  for (const batch of batches(events)) {
    if (performance.now() >= untilMs) {
      unpublished.push(...batch.map((event) => ({ event, failure: outOfTime, permanent: false })));
      continue;
    }
    const sendable: Envelope[] = [];
    for (const event of batch) {
      if (!blocked.has(event.subject)) sendable.push(event);
      else unpublished.push({ event, failure: heldBack, permanent: false });
    }
    for (const failure of await send(sendable, bus)) {
      unpublished.push(failure);
      if (!failure.permanent) blocked.add(failure.event.subject);
    }
  }
  return unpublished;
}

const heldBack = { code: "HeldBack", message: "an earlier event of its subject failed" };
const outOfTime = { code: "OutOfTime", message: "the bus was too slow for all events to be sent" };
const unanswered = { code: "NoAnswer", message: "the bus gave no answer for this entry" };

/** Refusals of the entry itself, from the errors of EventBridge `PutEvents`; all others may pass. */
const permanentCodes = ["InvalidArgument", "MalformedDetail"];

async function send(events: Envelope[], { busName, putEvents }: Bus): Promise<Unpublished[]> {
  if (events.length === 0) return [];
  const [first] = events;
  // A batch holds such an event alone; the bus would refuse the whole request for it.
  if (first && entryBytes(toEntry(first, "")) >= limitBytes) {
    const message = `${first.name} of ${first.subject} has ${limitBytes} bytes or more, which no request can carry`;
    return [{ event: first, failure: { code: "EventTooLargeError", message }, permanent: true }];
  }
  try {
    const { Entries: answers = [] } = await putEvents(events.map((event) => toEntry(event, busName)));
    return events.flatMap((event, index): Unpublished[] => {
      const answer = answers[index];
      if (answer?.EventId) return [];
      const { ErrorCode: code = unanswered.code, ErrorMessage: message = unanswered.message } = answer ?? {};
      return [{ event, failure: { code, message }, permanent: permanentCodes.includes(code) }];
    });
  } catch (error) {
    const { name: code, message } = error instanceof Error ? error : new Error(String(error));
    const permanent = refusedRequests.includes(code);
    // One bad entry fails the whole request: the others shall not wait for it.
    if (permanent && events.length > 1) return sendSingly(events, { busName, putEvents });
    return events.map((event) => ({ event, failure: { code, message }, permanent }));
  }
}

/** Requests that the bus would refuse again, for what they hold. */
const refusedRequests = ["ValidationException", "SerializationException"];

async function sendSingly(events: Envelope[], bus: Bus): Promise<Unpublished[]> {
  const unpublished: Unpublished[] = [];
  for (const event of events) unpublished.push(...(await send([event], bus)));
  return unpublished;
}

/** A subject appears once in a batch, because the entries of one request may fail one by one. */
function* batches(events: Envelope[]): Generator<Envelope[]> {
  let batch: Envelope[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = entryBytes(toEntry(event, ""));
    const full = batch.length === maximumEntries || bytes + size >= limitBytes;
    if (batch.length > 0 && (full || batch.some((other) => other.subject === event.subject))) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(event);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

function toEntry(event: Envelope, busName: string): Entry {
  return {
    EventBusName: busName,
    Source: event.source,
    DetailType: event.name,
    Detail: JSON.stringify(event),
    Time: new Date(event.time),
    ...(isTraceparent(event.traceparent) && { TraceHeader: toTraceHeader(event.traceparent) }),
  };
}

/** EventBridge counts 14 bytes for the time and the UTF-8 length of source, detail-type and detail. */
function entryBytes(entry: Entry): number {
  return 14 + Buffer.byteLength(entry.Source) + Buffer.byteLength(entry.DetailType) + Buffer.byteLength(entry.Detail);
}
