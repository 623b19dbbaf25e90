import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createEvent, newId, UserRegistered } from "@cartwright/events";
import type { DynamoDBRecord } from "aws-lambda";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { handler } from "./relay.ts";

/** An event bus at the other end of a real connection, which can refuse entries. */
let bus: Server;
let published: string[] = [];
let refuses = (_subject: string) => false;

beforeAll(async () => {
  bus = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { Entries } = JSON.parse(body) as { Entries: { Detail: string }[] };
    const answers = Entries.map(({ Detail }) => {
      const { subject } = JSON.parse(Detail) as { subject: string };
      if (refuses(subject)) return { ErrorCode: "InternalFailure", ErrorMessage: "no" };
      published.push(subject);
      return { EventId: newId("evt") };
    });
    response.setHeader("content-type", "application/x-amz-json-1.1");
    response.end(JSON.stringify({ FailedEntryCount: 0, Entries: answers }));
  });
  await new Promise<void>((resolve) => bus.listen(0, "127.0.0.1", resolve));
  process.env.AWS_ENDPOINT_URL_EVENTBRIDGE = `http://127.0.0.1:${(bus.address() as AddressInfo).port}`;
});
afterAll(() => bus.close());
beforeEach(() => {
  published = [];
  refuses = () => false;
});

function outboxOf(...subjects: string[]): string {
  const about = { sequence: 1, time: new Date(0), cause: { correlationId: "c" }, data: { userId: newId("usr") } };
  return JSON.stringify(subjects.map((subject) => createEvent(UserRegistered, { ...about, subject })));
}

function recordOf(sequenceNumber: string, outbox: string, before?: string): DynamoDBRecord {
  const image = (text: string) => ({ outbox: { S: text } });
  return {
    dynamodb: {
      SequenceNumber: sequenceNumber,
      NewImage: image(outbox),
      ...(before !== undefined && { OldImage: image(before) }),
    },
  };
}

test("publishes what each write tells, and reports nothing", async () => {
  const records = [recordOf("1", outboxOf("a", "b")), recordOf("2", outboxOf("c"))];
  expect(await handler({ Records: records })).toEqual({ batchItemFailures: [] });
  expect(published).toEqual(["a", "b", "c"]);
});

test("a write that left the outbox as it was tells nothing again", async () => {
  const outbox = outboxOf("a");
  expect(await handler({ Records: [recordOf("1", outbox, outbox)] })).toEqual({ batchItemFailures: [] });
  expect(published).toEqual([]);
});

test("the first record with an entry that failed is reported, though the request was answered 200", async () => {
  refuses = (subject) => subject === "b";
  const records = [recordOf("1", outboxOf("a")), recordOf("2", outboxOf("b")), recordOf("3", outboxOf("c"))];
  expect(await handler({ Records: records })).toEqual({ batchItemFailures: [{ itemIdentifier: "2" }] });
  expect(published).toContain("a");
});

test.each(["{", '[{"hello":"world"}]'])(
  "an unreadable outbox of %j stops the batch there; what came before is out",
  async (outbox) => {
    const records = [recordOf("1", outboxOf("a")), recordOf("2", outbox), recordOf("3", outboxOf("c"))];
    expect(await handler({ Records: records })).toEqual({ batchItemFailures: [{ itemIdentifier: "2" }] });
    expect(published).toEqual(["a"]);
  },
);
