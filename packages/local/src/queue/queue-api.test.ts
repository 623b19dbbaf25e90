import {
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
  type StartMessageMoveTaskCommandInput,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Endpoint, startEndpoint } from "../test/endpoint.ts";
import { account, arnOf, queue } from "../test/fixture.ts";
import { md5OfAttributes } from "./queue.ts";

const dead = queue("dead");
const work = queue("work", { redrive: { deadLetters: dead.arn, maximumReceives: 1 } });
const other = queue("other");
const all = [dead, work, other];

let endpoint: Endpoint;
let sqs: SQSClient;
const url = (name: string) => `${endpoint.local.endpointUrl}/${account}/${name}`;

beforeAll(async () => {
  endpoint = await startEndpoint({ queues: Object.fromEntries(all.map((one) => [one.name, one])) });
  sqs = new SQSClient(endpoint.client);
});
afterAll(() => endpoint.stop());
beforeEach(async () => {
  for (const { name } of all) await sqs.send(new PurgeQueueCommand({ QueueUrl: url(name) }));
});

const text = (StringValue: string) => ({ DataType: "String", StringValue });

async function receive(name: string, input: Partial<ReceiveMessageCommandInput> = {}): Promise<Message[]> {
  const command = new ReceiveMessageCommand({ QueueUrl: url(name), MaxNumberOfMessages: 10, ...input });
  return (await sqs.send(command)).Messages ?? [];
}

/** Fails each once, so that it goes from `work` to its dead letters. */
async function bury(...bodies: string[]): Promise<void> {
  for (const MessageBody of bodies) await sqs.send(new SendMessageCommand({ QueueUrl: url("work"), MessageBody }));
  await receive("work", { VisibilityTimeout: 0 });
  expect(await receive("work")).toEqual([]);
}

async function start(input: Partial<StartMessageMoveTaskCommandInput> = {}): Promise<string> {
  const { TaskHandle } = await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: dead.arn, ...input }));
  return TaskHandle!;
}

async function tasks(MaxResults?: number) {
  const { Results = [] } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn: dead.arn, MaxResults }));
  return Results;
}

const named = (name: string, message: string) =>
  expect.objectContaining({ name, message: expect.stringContaining(message) });

describe("receiving", () => {
  const send = () =>
    sqs.send(
      new SendMessageCommand({
        QueueUrl: url("work"),
        MessageBody: "hello",
        MessageAttributes: { "error.code": text("E"), "error.text": text("no"), errors: text("2") },
      }),
    );

  it("tells neither attributes nor their digest unasked", async () => {
    await send();
    const [message] = await receive("work");
    expect(Object.keys(message!).sort()).toEqual(["Body", "MD5OfBody", "MessageId", "ReceiptHandle"]);
  });

  it.each([
    ["All", ["error.code", "error.text", "errors"]],
    [".*", ["error.code", "error.text", "errors"]],
    ["error.*", ["error.code", "error.text"]],
    ["errors", ["errors"]],
    ["error", []],
  ])("tells the message attributes that %s asks for, and the digest of just these", async (wanted, told) => {
    await send();
    const [message] = await receive("work", { MessageAttributeNames: [wanted] });
    expect(Object.keys(message!.MessageAttributes ?? {}).sort()).toEqual(told);
    const attributes = Object.fromEntries(
      Object.entries(message!.MessageAttributes ?? {}).map(([name, { StringValue }]) => [name, text(StringValue!)]),
    );
    expect(message!.MD5OfMessageAttributes).toBe(told.length > 0 ? md5OfAttributes(attributes) : undefined);
  });

  it("tells the system attributes that are asked for by either name, and refuses unknown ones", async () => {
    await send();
    const MessageSystemAttributeNames = ["SentTimestamp" as const];
    const [first] = await receive("work", { MessageSystemAttributeNames, VisibilityTimeout: 0 });
    expect(Object.keys(first!.Attributes!)).toEqual(["SentTimestamp"]);
    await receive("work");
    const [letter] = await receive("dead", { AttributeNames: ["All"] });
    expect(letter!.Attributes).toMatchObject({ DeadLetterQueueSourceArn: work.arn, ApproximateReceiveCount: "1" });
    const unknown = receive("work", { MessageSystemAttributeNames: ["Weight" as never] });
    await expect(unknown).rejects.toThrow(named("InvalidAttributeName", "Unknown Attribute Weight"));
  });
});

describe("a queue", () => {
  it("tells the attributes that are asked for, and whose dead letters it holds", async () => {
    const attributes = (AttributeNames: ("QueueArn" | "DelaySeconds")[]) =>
      sqs.send(new GetQueueAttributesCommand({ QueueUrl: url("dead"), AttributeNames }));
    expect((await attributes(["QueueArn"])).Attributes).toEqual({ QueueArn: dead.arn });
    expect((await attributes([])).Attributes).toBeUndefined();
    const sources = await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: url("dead") }));
    expect(sources.queueUrls).toEqual([url("work")]);
  });

  it("gives messages back in a batch, with its failures inside", async () => {
    await sqs.send(new SendMessageCommand({ QueueUrl: url("other"), MessageBody: "x" }));
    const [message] = await receive("other");
    const entry = { ReceiptHandle: message!.ReceiptHandle, VisibilityTimeout: 0 };
    const Entries = [
      { ...entry, Id: "good" },
      { ...entry, Id: "late" },
      { ...entry, Id: "bad", ReceiptHandle: "nonsense" },
      { Id: "vague", ReceiptHandle: message!.ReceiptHandle },
    ];
    const { Successful, Failed } = await sqs.send(
      new ChangeMessageVisibilityBatchCommand({ QueueUrl: url("other"), Entries }),
    );
    expect(Successful).toEqual([{ Id: "good" }]);
    expect(Failed).toMatchObject([
      { Id: "late", Code: "MessageNotInflight", SenderFault: true },
      { Id: "bad", Code: "ReceiptHandleIsInvalid", SenderFault: true },
      { Id: "vague", Code: "MissingParameter", SenderFault: true },
    ]);
    expect(await receive("other")).toHaveLength(1);
  });
});

describe("moving dead letters", () => {
  it("sends each back to where it failed as a new message, and tells how it went", async () => {
    await bury("a", "b");
    const startedAtMs = endpoint.clock.now();
    await start();
    await endpoint.local.idle();
    const back = await receive("work", { AttributeNames: ["All"] });
    expect(back.map(({ Body }) => Body)).toEqual(["a", "b"]);
    expect(back[0]!.Attributes).toMatchObject({ ApproximateReceiveCount: "1" });
    const [task] = await tasks();
    expect(task).toEqual({
      Status: "COMPLETED",
      SourceArn: dead.arn,
      ApproximateNumberOfMessagesMoved: 2,
      ApproximateNumberOfMessagesToMove: 2,
      StartedTimestamp: expect.any(Number),
    });
    expect(task!.StartedTimestamp).toBeGreaterThanOrEqual(startedAtMs);
  });

  it("sends them to a named queue, and leaves alone what somebody holds", async () => {
    await bury("held", "free");
    expect(await receive("dead", { MaxNumberOfMessages: 1 })).toMatchObject([{ Body: "held" }]);
    await start({ DestinationArn: other.arn });
    await endpoint.local.idle();
    expect((await receive("other")).map(({ Body }) => Body)).toEqual(["free"]);
    expect(await tasks()).toMatchObject([{ DestinationArn: other.arn, ApproximateNumberOfMessagesToMove: 1 }]);
  });

  it("fails at a letter that came directly, unless a destination is named", async () => {
    await bury("failed");
    await sqs.send(new SendMessageCommand({ QueueUrl: url("dead"), MessageBody: "direct" }));
    await start();
    await endpoint.local.idle();
    expect(await tasks()).toMatchObject([
      { Status: "FAILED", FailureReason: "CouldNotDetermineMessageSource", ApproximateNumberOfMessagesMoved: 1 },
    ]);
    await start({ DestinationArn: work.arn });
    await endpoint.local.idle();
    expect((await receive("work")).map(({ Body }) => Body)).toEqual(["failed", "direct"]);
    expect((await tasks(2)).map(({ Status }) => Status)).toEqual(["COMPLETED", "FAILED"]);
  });

  it("keeps to so many a second, can be cancelled, and takes one task of a queue at a time", async () => {
    const bodies = Array.from({ length: 40 }, (_, index) => `m${index}`);
    for (const body of bodies) endpoint.local.queues.send("dead", { body });
    const startedAtMs = endpoint.local.now();
    // The clock follows real time too, so a machine that is slow has moved more by then.
    const allowed = () => 2 * (1 + Math.floor((endpoint.local.now() - startedAtMs) / 1_000));
    const moved = async () => (await tasks())[0]!.ApproximateNumberOfMessagesMoved!;
    const destination = { DestinationArn: other.arn };
    const TaskHandle = await start({ ...destination, MaxNumberOfMessagesPerSecond: 2 });
    await endpoint.local.idle();
    expect(await tasks()).toMatchObject([{ TaskHandle, Status: "RUNNING" }]);
    expect(await moved()).toBeGreaterThanOrEqual(2);
    expect(await moved()).toBeLessThanOrEqual(allowed());
    await expect(start(destination)).rejects.toThrow(named("InvalidParameterValue", "already a task running"));
    endpoint.clock.skip(1_000);
    await endpoint.local.idle();
    expect(await moved()).toBeGreaterThanOrEqual(4);
    expect(await moved()).toBeLessThanOrEqual(allowed());
    const { ApproximateNumberOfMessagesMoved } = await sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    endpoint.clock.skip(5_000);
    await endpoint.local.idle();
    const [task] = await tasks();
    expect(task).toMatchObject({ Status: "CANCELLED", ApproximateNumberOfMessagesMoved });
    expect(task).not.toHaveProperty("TaskHandle");
    const left = endpoint.local.queues.peek("dead", 100).map(({ body }) => body);
    expect(left).toEqual(bodies.slice(ApproximateNumberOfMessagesMoved));
    const again = sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    await expect(again).rejects.toThrow(named("ResourceNotFoundException", "Task does not exist"));
  });

  it("moves more than one step's worth, each once", async () => {
    const bodies = Array.from({ length: 250 }, (_, index) => `m${index}`);
    for (const body of bodies) endpoint.local.queues.send("dead", { body });
    await start({ DestinationArn: other.arn });
    await endpoint.local.idle();
    expect(endpoint.local.queues.peek("other", 1_000).map(({ body }) => body)).toEqual(bodies);
    expect(endpoint.local.queues.counts("dead").visible).toBe(0);
  });

  it.each<[string, Partial<StartMessageMoveTaskCommandInput>, string, string]>([
    ["a queue without dead letters", { SourceArn: other.arn }, "InvalidParameterValue", "configured as a Dead Letter"],
    ["an unknown source", { SourceArn: arnOf("sqs", "nope") }, "ResourceNotFoundException", "SourceArn parameter"],
    ["an unknown destination", { DestinationArn: arnOf("sqs", "nope") }, "ResourceNotFoundException", "DestinationArn"],
    ["the queue itself as destination", { DestinationArn: dead.arn }, "InvalidParameterValue", "cannot be the same"],
    [
      "501 messages a second",
      { MaxNumberOfMessagesPerSecond: 501 },
      "InvalidParameterValue",
      "MaxNumberOfMessagesPerS",
    ],
  ])("refuses %s", async (_, input, name, message) => {
    await expect(start(input)).rejects.toThrow(named(name, message));
  });
});
