import type { Envelope } from "./envelope.ts";

/** One entry of EventBridge `PutEvents`, structurally, so that this package needs no SDK. */
export interface Entry {
  EventBusName: string;
  Source: string;
  DetailType: string;
  Detail: string;
  Time: Date;
}

/** Its answer: one result per entry, in order. */
export interface PutEventsResult {
  Entries?: { ErrorCode?: string | undefined; ErrorMessage?: string | undefined }[] | undefined;
}

export type PutEvents = (entries: Entry[]) => Promise<PutEventsResult>;

/** PutEvents takes 10 entries and 256 KB in one request. */
const maximumEntries = 10;
const maximumBytes = 256 * 1024;

export class EventTooLargeError extends Error {
  override name = "EventTooLargeError";
}

/** Refuses what no request could publish, at the time of writing, while the caller can still be told. */
export function assertPublishable(event: Envelope): void {
  const bytes = entryBytes(toEntry(event, ""));
  if (bytes > maximumBytes) {
    throw new EventTooLargeError(
      `${event.name} of ${event.subject} has ${bytes} bytes; the bus takes ${maximumBytes}: store the data and send a reference`,
    );
  }
}

/**
 * Publishes in the given order and answers which events did not arrive. `PutEvents` answers 200 even when entries
 * failed, so each one is looked at; after a failure nothing later of the same subject is sent, to keep its order.
 */
export async function publish(
  events: Envelope[],
  options: { busName: string; putEvents: PutEvents },
): Promise<{ event: Envelope; reason: string }[]> {
  const failures: { event: Envelope; reason: string }[] = [];
  const blocked = new Set<string>();
  for (const batch of batches(events)) {
    const sendable = batch.filter((event) => !blocked.has(event.subject));
    for (const event of batch) {
      if (blocked.has(event.subject)) failures.push({ event, reason: "an earlier event of its subject failed" });
    }
    if (sendable.length === 0) continue;
    const results = await attempt(sendable, options);
    sendable.forEach((event, index) => {
      const reason = results[index];
      if (reason === undefined) return;
      failures.push({ event, reason });
      blocked.add(event.subject);
    });
  }
  return failures;
}

async function attempt(
  events: Envelope[],
  { busName, putEvents }: { busName: string; putEvents: PutEvents },
): Promise<(string | undefined)[]> {
  try {
    const answer = await putEvents(events.map((event) => toEntry(event, busName)));
    return events.map((_, index) => {
      const entry = answer.Entries?.[index];
      if (entry === undefined) return "the bus gave no answer for this entry";
      return entry.ErrorCode && `${entry.ErrorCode}: ${entry.ErrorMessage ?? ""}`;
    });
  } catch (error) {
    return events.map(() => String(error));
  }
}

/** A subject appears once in a batch, because the entries of one request may fail one by one. */
function* batches(events: Envelope[]): Generator<Envelope[]> {
  let batch: Envelope[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = entryBytes(toEntry(event, ""));
    const full = batch.length === maximumEntries || bytes + size > maximumBytes;
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
  };
}

/** EventBridge counts 14 bytes for the time and the UTF-8 length of source, detail-type and detail. */
function entryBytes(entry: Entry): number {
  return 14 + Buffer.byteLength(entry.Source) + Buffer.byteLength(entry.DetailType) + Buffer.byteLength(entry.Detail);
}
