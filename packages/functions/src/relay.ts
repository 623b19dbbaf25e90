/** Publishes the events that a table's writes carry: the other half of the outbox. */
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { Envelope, publish } from "@cartwright/events";
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import { Resource } from "sst";
import * as z from "zod";
import { log } from "./log.ts";

let client: EventBridgeClient | undefined;
const Outbox = z.array(Envelope);

/**
 * Reports the first record whose events did not all arrive. The stream offers it again with everything behind it, so
 * what was published behind it is published twice, never lost; consumers are built for that.
 */
export async function handler({ Records: records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  const { committed, unreadable } = read(records);
  const events = committed.flatMap((record) => record.events);
  const failures = await publish(events, {
    busName: Resource.Bus.name,
    putEvents: (entries) => eventBridge().send(new PutEventsCommand({ Entries: entries })),
  });
  const failed = new Set(failures.map(({ event }) => event.id));
  const first =
    committed.find((record) => record.events.some(({ id }) => failed.has(id)))?.sequenceNumber ?? unreadable;
  log("relayed", { count: events.length - failures.length, outcome: first ? `stopped at ${first}` : "complete" });
  for (const { event, reason } of failures) {
    log("not relayed", { event: event.name, correlationId: event.correlationId }, new Error(reason));
  }
  return { batchItemFailures: first ? [{ itemIdentifier: first }] : [] };
}

function eventBridge(): EventBridgeClient {
  client ??= new EventBridgeClient({});
  return client;
}

/** An unreadable record stops the batch before it, so that nothing behind it overtakes. */
function read(records: DynamoDBRecord[]) {
  const committed: { sequenceNumber: string; events: Envelope[] }[] = [];
  for (const record of records) {
    const sequenceNumber = record.dynamodb!.SequenceNumber!;
    try {
      committed.push({ sequenceNumber, events: newEvents(record) });
    } catch (error) {
      log("unreadable outbox", { outcome: sequenceNumber }, error);
      return { committed, unreadable: sequenceNumber };
    }
  }
  return { committed, unreadable: undefined };
}

/** A write that left the outbox as it was tells nothing new. */
function newEvents({ dynamodb }: DynamoDBRecord): Envelope[] {
  const before = parse(dynamodb?.OldImage?.outbox?.S).map(({ id }) => id);
  return parse(dynamodb?.NewImage?.outbox?.S).filter(({ id }) => !before.includes(id));
}

function parse(outbox: string | undefined): Envelope[] {
  return outbox ? Outbox.parse(JSON.parse(outbox)) : [];
}
