import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Metric, setMetricSink } from "@cartwright/core/metric";
import { createEvent, newId, UserRegistered } from "@cartwright/events";
import type { DynamoDBRecord } from "aws-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { handler } from "./relay.ts";

interface Letter {
  QueueUrl: string;
  MessageBody: string;
  MessageAttributes: Record<string, { StringValue: string }>;
}

/** An event bus and a queue at the other end of a real connection, which can refuse. */
let aws: Server;
let published: string[] = [];
let letters: Letter[] = [];
let refusal = (_subject: string): string | undefined => undefined;
let takesLetters = true;
let hangs = false;

beforeAll(async () => {
  aws = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const target = String(request.headers["x-amz-target"]);
    response.setHeader("content-type", "application/x-amz-json-1.1");
    if (hangs && target.endsWith("PutEvents")) return;
    if (target.endsWith("PutEvents")) return response.end(JSON.stringify(putEvents(JSON.parse(body))));
    if (!takesLetters) response.statusCode = 400;
    response.end(JSON.stringify(takesLetters ? sendMessage(JSON.parse(body)) : { __type: "QueueDoesNotExist" }));
  });
  await new Promise<void>((resolve) => aws.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(aws.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_EVENTBRIDGE: endpoint,
    AWS_ENDPOINT_URL_SQS: endpoint,
    DEAD_LETTERS: "UserRelayDeadLetters",
    DOMAIN: "user",
    GIVE_UP_AFTER_SECONDS: "3600",
    SST_RESOURCE_UserRelayDeadLetters: JSON.stringify({ url: `${endpoint}/1/UserRelayDeadLetters` }),
  });
});
afterAll(() => {
  aws.closeAllConnections();
  aws.close();
});
beforeEach(() => {
  published = [];
  letters = [];
  refusal = () => undefined;
  takesLetters = true;
  hangs = false;
});

function putEvents({ Entries }: { Entries: { Detail: string }[] }) {
  const answers = Entries.map(({ Detail }) => {
    const { subject } = JSON.parse(Detail) as { subject: string };
    const code = refusal(subject);
    if (code) return { ErrorCode: code, ErrorMessage: "no: not today" };
    published.push(subject);
    return { EventId: newId("evt") };
  });
  return { FailedEntryCount: 0, Entries: answers };
}

function sendMessage(letter: Letter) {
  letters.push(letter);
  const MD5OfMessageBody = createHash("md5").update(letter.MessageBody).digest("hex");
  return { MessageId: newId("evt"), MD5OfMessageBody };
}

function outboxOf(...subjects: string[]): string {
  const about = { sequence: 1, time: new Date(0), cause: { correlationId: "c" }, data: { userId: newId("usr") } };
  return JSON.stringify(subjects.map((subject) => createEvent(UserRegistered, { ...about, subject })));
}

interface Age {
  ageSeconds?: number;
}

function recordOf(
  sequenceNumber: string,
  outbox: string,
  before?: string,
  { ageSeconds = 0 }: Age = {},
): DynamoDBRecord {
  const image = (text: string) => ({ outbox: { S: text } });
  return {
    dynamodb: {
      SequenceNumber: sequenceNumber,
      ApproximateCreationDateTime: Date.now() / 1000 - ageSeconds,
      Keys: { pk: { S: `item-${sequenceNumber}` } },
      NewImage: image(outbox),
      ...(before !== undefined && { OldImage: image(before) }),
    },
  };
}

const stoppedAt = (itemIdentifier: string) => ({ batchItemFailures: [{ itemIdentifier }] });
const complete = { batchItemFailures: [] };

test("publishes what each write tells, and reports nothing", async () => {
  const records = [recordOf("1", outboxOf("a", "b")), recordOf("2", outboxOf("c"))];
  expect(await handler({ Records: records })).toEqual(complete);
  expect(published).toEqual(["a", "b", "c"]);
});

test("a write that left the outbox as it was tells nothing again", async () => {
  const outbox = outboxOf("a");
  expect(await handler({ Records: [recordOf("1", outbox, outbox)] })).toEqual(complete);
  expect(published).toEqual([]);
});

test("the first record with an entry that keeps failing is reported, though the requests were answered 200", async () => {
  refusal = (subject) => (subject === "b" ? "InternalFailure" : undefined);
  const records = [recordOf("1", outboxOf("a")), recordOf("2", outboxOf("b")), recordOf("3", outboxOf("c"))];
  expect(await handler({ Records: records })).toEqual(stoppedAt("2"));
  expect(published).toEqual(["a", "c"]);
  expect(letters).toEqual([]);
});

test("an entry that fails once is sent again by itself", async () => {
  let failures = 0;
  refusal = (subject) => (subject === "b" && failures++ === 0 ? "ThrottlingException" : undefined);
  expect(await handler({ Records: [recordOf("1", outboxOf("a", "b", "c"))] })).toEqual(complete);
  expect(published).toEqual(["a", "c", "b"]);
});

test.each(["{", '[{"hello":"world"}]'])(
  "an unreadable outbox of %j becomes a dead letter that says where it is, and holds nothing up",
  async (outbox) => {
    const records = [recordOf("1", outboxOf("a")), recordOf("2", outbox), recordOf("3", outboxOf("c"))];
    expect(await handler({ Records: records })).toEqual(complete);
    expect(published).toEqual(["a", "c"]);
    expect(letters).toHaveLength(1);
    expect(letters[0]!.QueueUrl).toContain("UserRelayDeadLetters");
    expect(letters[0]!.MessageAttributes.ERROR_CODE!.StringValue).toBe("UnreadableOutboxError");
    const whereabouts = { outbox, keys: { pk: { S: "item-2" } }, sequenceNumber: "2" };
    expect(JSON.parse(letters[0]!.MessageBody)).toMatchObject(whereabouts);
  },
);

test("an event that the bus will never take becomes a dead letter with the event and the reason", async () => {
  refusal = (subject) => (subject === "b" ? "MalformedDetail" : undefined);
  const records = [recordOf("1", outboxOf("a", "b")), recordOf("2", outboxOf("c"))];
  expect(await handler({ Records: records })).toEqual(complete);
  expect(published).toEqual(["a", "c"]);
  expect(letters.map(({ MessageBody }) => JSON.parse(MessageBody).detail.subject)).toEqual(["b"]);
  expect(letters[0]!.MessageAttributes).toMatchObject({
    ERROR_CODE: { StringValue: "MalformedDetail" },
    ERROR_MESSAGE: { StringValue: "no: not today" },
  });
});

test("an event that could not be published for hours becomes a dead letter before the stream forgets it", async () => {
  refusal = () => "InternalFailure";
  const [young, old] = [{ ageSeconds: 3500 }, { ageSeconds: 3700 }];
  const records = [recordOf("1", outboxOf("a"), undefined, old), recordOf("2", outboxOf("b"), undefined, young)];
  expect(await handler({ Records: records })).toEqual(stoppedAt("2"));
  expect(letters.map(({ MessageBody }) => JSON.parse(MessageBody).detail.subject)).toEqual(["a"]);
});

test("a bus that never answers is given up on in time to leave dead letters", async () => {
  hangs = true;
  const records = [recordOf("1", outboxOf("a"), undefined, { ageSeconds: 3700 }), recordOf("2", outboxOf("b"))];
  expect(await handler({ Records: records })).toEqual(stoppedAt("2"));
  expect(letters.map(({ MessageBody }) => JSON.parse(MessageBody).detail.subject)).toEqual(["a"]);
  expect(letters[0]!.MessageAttributes.ERROR_CODE!.StringValue).toBe("TimeoutError");
});

test("a letter escapes what SQS would refuse", async () => {
  expect(await handler({ Records: [recordOf("1", "not json \ufffe")] })).toEqual(complete);
  expect(letters[0]!.MessageBody).not.toContain("\ufffe");
  expect(JSON.parse(letters[0]!.MessageBody).outbox).toBe("not json \ufffe");
});

test("behind a record that is tried again no letter is written yet, so that none is written twice", async () => {
  refusal = (subject) => (subject === "a" ? "InternalFailure" : undefined);
  const records = [recordOf("1", outboxOf("a")), recordOf("2", "{")];
  expect(await handler({ Records: records })).toEqual(stoppedAt("1"));
  expect(letters).toEqual([]);
});

test("without a letter the stream does not go on", async () => {
  takesLetters = false;
  const records = [recordOf("1", outboxOf("a")), recordOf("2", "{"), recordOf("3", outboxOf("c"))];
  expect(await handler({ Records: records })).toEqual(stoppedAt("2"));
});

describe("the lag", () => {
  function listen(): Metric[] {
    const metrics: Metric[] = [];
    onTestFinished(setMetricSink((metric) => metrics.push(metric)));
    return metrics;
  }

  test("is the age of the oldest change of a batch that tells something", async () => {
    const metrics = listen();
    const unchanged = outboxOf("z");
    const records = [
      recordOf("1", unchanged, unchanged, { ageSeconds: 900 }),
      recordOf("2", outboxOf("a"), undefined, { ageSeconds: 40 }),
      recordOf("3", outboxOf("b")),
    ];
    await handler({ Records: records });
    expect(metrics).toMatchObject([{ name: "RelayLag", unit: "Seconds", dimensions: { domain: "user" } }]);
    expect(metrics[0]!.value).toBeGreaterThanOrEqual(40);
    expect(metrics[0]!.value).toBeLessThan(100);
  });

  test("grows while the bus takes nothing", async () => {
    const metrics = listen();
    refusal = () => "InternalFailure";
    await handler({ Records: [recordOf("1", outboxOf("a"), undefined, { ageSeconds: 300 })] });
    expect(metrics.map(({ value }) => value >= 300)).toEqual([true]);
  });

  test("is nothing where nothing is told", async () => {
    const metrics = listen();
    await handler({ Records: [recordOf("1", "[]")] });
    expect(metrics).toEqual([]);
  });
});

test("an earlier outbox that can't be read hides nothing of the new one", async () => {
  expect(await handler({ Records: [recordOf("1", outboxOf("a"), "{")] })).toEqual(complete);
  expect(published).toEqual(["a"]);
});
