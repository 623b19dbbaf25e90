/** What SQS hands to a reaction whose queue the bus feeds. */
import type { EventDefinition, EventOf } from "@cartwright/events";
import type { SQSEvent, SQSRecord } from "aws-lambda";

export function batchOf(...events: EventOf<EventDefinition>[]): SQSEvent {
  return { Records: events.map((event) => messageOf(event)) };
}

function messageOf(event: EventOf<EventDefinition>): SQSRecord {
  return {
    messageId: crypto.randomUUID(),
    receiptHandle: "r",
    body: JSON.stringify({ source: event.source, "detail-type": event.name, detail: event }),
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: "0",
      SenderId: "events.amazonaws.com",
      ApproximateFirstReceiveTimestamp: "0",
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: "arn",
    awsRegion: "local",
  };
}
