import * as z from "zod";
import type { Caller } from "../function/trace.ts";
import { AwsError } from "../http/aws-error.ts";
import type { Input, Operations } from "../http/endpoint.ts";
import type { MoveTask, MoveTasks } from "./move-task.ts";
import { type MessageAttributes, md5OfAttributes, type Queues, type ReceivedMessage } from "./queue.ts";

export interface QueueApiOptions {
  queues: Queues;
  moveTasks: MoveTasks;
  /** The address of a queue on this machine. */
  urlOf: (queueName: string) => string;
  /** One request to SQS; `bytes` are those of its messages. */
  onRequest?: (request: { queue: string; bytes: number }, caller: Caller | undefined) => void;
}

const Attributes = z
  .record(
    z.string(),
    z.object({ DataType: z.string(), StringValue: z.string().optional(), BinaryValue: z.string().optional() }),
  )
  .optional();

const InQueue = z.object({ QueueUrl: z.string() });
const Entry = z.object({
  MessageBody: z.string(),
  DelaySeconds: z.number().optional(),
  MessageAttributes: Attributes,
});
const Receipt = InQueue.extend({ ReceiptHandle: z.string() });
const SendInput = InQueue.extend(Entry.shape);
const SendBatchInput = InQueue.extend({ Entries: z.array(Entry.extend({ Id: z.string() })).default([]) });
const ReceiveInput = InQueue.extend({
  MaxNumberOfMessages: z.number().optional(),
  VisibilityTimeout: z.number().optional(),
  WaitTimeSeconds: z.number().min(0).max(20).default(0),
  /** The older name of the next one; both count. */
  AttributeNames: z.array(z.string()).default([]),
  MessageSystemAttributeNames: z.array(z.string()).default([]),
  MessageAttributeNames: z.array(z.string()).default([]),
});
const DeleteBatchInput = InQueue.extend({
  Entries: z.array(z.object({ Id: z.string(), ReceiptHandle: z.string() })).default([]),
});
const VisibilityInput = Receipt.extend({ VisibilityTimeout: z.number() });
const VisibilityBatchInput = InQueue.extend({
  Entries: z
    .array(z.object({ Id: z.string(), ReceiptHandle: z.string(), VisibilityTimeout: z.number().optional() }))
    .default([]),
});
const QueueAttributesInput = InQueue.extend({ AttributeNames: z.array(z.string()).default([]) });
const StartMoveInput = z.object({
  SourceArn: z.string(),
  DestinationArn: z.string().optional(),
  MaxNumberOfMessagesPerSecond: z.int().min(1).max(500).optional(),
});
const ListMovesInput = z.object({ SourceArn: z.string(), MaxResults: z.int().min(1).max(10).default(1) });

/** What ReceiveMessage may be asked for; the last four are never there for the queues that exist here. */
const systemAttributes = [
  "SenderId",
  "SentTimestamp",
  "ApproximateReceiveCount",
  "ApproximateFirstReceiveTimestamp",
  "DeadLetterQueueSourceArn",
  "AWSTraceHeader",
  "MessageDeduplicationId",
  "MessageGroupId",
  "SequenceNumber",
];

/** SQS's JSON protocol over the queues. */
export function queueOperations(options: QueueApiOptions): Operations {
  const { queues, moveTasks } = options;

  function operation<Parsed extends z.infer<typeof InQueue>>(
    schema: z.ZodType<Parsed>,
    run: (input: Parsed) => unknown,
  ) {
    return async (raw: Input, caller: Caller | undefined): Promise<unknown> => {
      const input = parse(schema, raw);
      const queue = queues.resolve(input.QueueUrl);
      const output = await run(input);
      const bytes = Buffer.byteLength(JSON.stringify(input)) + Buffer.byteLength(JSON.stringify(output ?? {}));
      options.onRequest?.({ queue: queue.name, bytes }, caller);
      return output;
    };
  }

  function send(queueUrl: string, entry: z.infer<typeof Entry>) {
    const attributes = entry.MessageAttributes as MessageAttributes | undefined;
    const sent = queues.send(queueUrl, {
      body: entry.MessageBody,
      ...(attributes && { attributes }),
      ...(entry.DelaySeconds !== undefined && { delaySeconds: entry.DelaySeconds }),
    });
    return {
      MessageId: sent.messageId,
      MD5OfMessageBody: sent.md5OfBody,
      ...(attributes && { MD5OfMessageAttributes: md5OfAttributes(attributes) }),
    };
  }

  async function receive(input: z.infer<typeof ReceiveInput>) {
    const wanted = [...input.AttributeNames, ...input.MessageSystemAttributeNames];
    refuseUnknown(wanted, systemAttributes);
    const messages = await queues.poll(input.QueueUrl, {
      maximum: input.MaxNumberOfMessages ?? 1,
      ...(input.VisibilityTimeout !== undefined && { visibilityTimeoutSeconds: input.VisibilityTimeout }),
      waitMs: input.WaitTimeSeconds * 1000,
    });
    const toApi = (message: ReceivedMessage) => describe(message, wanted, input.MessageAttributeNames);
    return messages.length > 0 ? { Messages: messages.map(toApi) } : {};
  }

  function changeVisibility(queueUrl: string, receiptHandle: string, seconds: number | undefined) {
    if (seconds === undefined) {
      throw new AwsError("MissingParameter", "The request must contain the parameter VisibilityTimeout.");
    }
    queues.changeVisibility(queueUrl, receiptHandle, seconds);
    return {};
  }

  function queueAttributes({ QueueUrl, AttributeNames }: z.infer<typeof QueueAttributesInput>) {
    const queue = queues.resolve(QueueUrl);
    const counts = queues.counts(QueueUrl);
    const { redrive } = queue;
    const known = {
      QueueArn: queue.arn,
      ApproximateNumberOfMessages: String(counts.visible),
      ApproximateNumberOfMessagesNotVisible: String(counts.inFlight),
      ApproximateNumberOfMessagesDelayed: String(counts.delayed),
      DelaySeconds: String(queue.delaySeconds),
      VisibilityTimeout: String(queue.visibilityTimeoutSeconds),
      MessageRetentionPeriod: String(queue.retentionSeconds),
      ...(redrive && {
        RedrivePolicy: JSON.stringify({
          deadLetterTargetArn: redrive.deadLetters,
          maxReceiveCount: redrive.maximumReceives,
        }),
      }),
    };
    const attributes = only(known, AttributeNames);
    return Object.keys(attributes).length > 0 ? { Attributes: attributes } : {};
  }

  function deadLetterSources({ QueueUrl }: z.infer<typeof InQueue>) {
    const { arn } = queues.resolve(QueueUrl);
    const sources = queues.all().filter(({ redrive }) => redrive?.deadLetters === arn);
    // The one list that SQS spells with a small letter.
    return { queueUrls: sources.map(({ name }) => options.urlOf(name)) };
  }

  return {
    SendMessage: operation(SendInput, (input) => send(input.QueueUrl, input)),
    SendMessageBatch: operation(SendBatchInput, (input) =>
      eachEntry(input.Entries, (entry) => send(input.QueueUrl, entry)),
    ),
    ReceiveMessage: operation(ReceiveInput, receive),
    DeleteMessage: operation(Receipt, (input) => {
      queues.delete(input.QueueUrl, input.ReceiptHandle);
    }),
    DeleteMessageBatch: operation(DeleteBatchInput, (input) =>
      eachEntry(input.Entries, (entry) => {
        queues.delete(input.QueueUrl, entry.ReceiptHandle);
        return {};
      }),
    ),
    ChangeMessageVisibility: operation(VisibilityInput, (input) =>
      queues.changeVisibility(input.QueueUrl, input.ReceiptHandle, input.VisibilityTimeout),
    ),
    ChangeMessageVisibilityBatch: operation(VisibilityBatchInput, (input) =>
      eachEntry(input.Entries, ({ ReceiptHandle, VisibilityTimeout }) =>
        changeVisibility(input.QueueUrl, ReceiptHandle, VisibilityTimeout),
      ),
    ),
    GetQueueAttributes: operation(QueueAttributesInput, queueAttributes),
    ListDeadLetterSourceQueues: operation(InQueue, deadLetterSources),
    PurgeQueue: operation(InQueue, (input) => queues.purge(input.QueueUrl)),
    GetQueueUrl: (raw) => {
      const { QueueName } = parse(z.object({ QueueName: z.string() }), raw);
      return { QueueUrl: options.urlOf(queues.resolve(QueueName).name) };
    },
    ListQueues: () => ({ QueueUrls: queues.all().map(({ name }) => options.urlOf(name)) }),
    StartMessageMoveTask: (raw) => {
      const input = parse(StartMoveInput, raw);
      const task = moveTasks.start({
        source: input.SourceArn,
        destination: input.DestinationArn,
        messagesPerSecond: input.MaxNumberOfMessagesPerSecond,
      });
      return { TaskHandle: handleOf(task) };
    },
    ListMessageMoveTasks: (raw) => {
      const { SourceArn, MaxResults } = parse(ListMovesInput, raw);
      return { Results: moveTasks.list(SourceArn, MaxResults).map(describeTask) };
    },
    CancelMessageMoveTask: (raw) => {
      const { TaskHandle } = parse(z.object({ TaskHandle: z.string() }), raw);
      return { ApproximateNumberOfMessagesMoved: moveTasks.cancel(taskIdOf(TaskHandle)) };
    },
  };
}

/** A batch answers 200 with its failures inside. */
function eachEntry<Entry extends { Id: string }>(entries: Entry[], run: (entry: Entry) => object) {
  if (entries.length === 0) throw new AwsError("EmptyBatchRequest", "The batch request has no entries.");
  if (entries.length > 10) throw new AwsError("TooManyEntriesInBatchRequest", "A batch has at most 10 entries.");
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    throw new AwsError("BatchEntryIdsNotDistinct", "Two entries of the batch have the same Id.");
  }
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.Id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({ Id: entry.Id, Code: error.name, Message: error.message, SenderFault: error.statusCode < 500 });
    }
  }
  return { Successful, Failed };
}

function parse<Parsed>(schema: z.ZodType<Parsed>, input: Input): Parsed {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AwsError("InvalidParameterValue", `${issue?.path.join(".")}: ${issue?.message}`);
}

/** Only what was asked for, as SQS does; the digest is that of the attributes it tells. */
function describe(message: ReceivedMessage, systemNames: string[], names: string[]) {
  const system = {
    SenderId: message.senderId,
    SentTimestamp: String(message.sentAtMs),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAtMs),
    ...(message.deadLetterSource && { DeadLetterQueueSourceArn: message.deadLetterSource }),
  };
  const told = only(system, systemNames);
  const attributes = Object.fromEntries(
    Object.entries(message.attributes).filter(([name]) => names.some((wanted) => asksFor(wanted, name))),
  );
  return {
    MessageId: message.messageId,
    ReceiptHandle: message.receiptHandle,
    Body: message.body,
    MD5OfBody: message.md5OfBody,
    ...(Object.keys(told).length > 0 && { Attributes: told }),
    ...(Object.keys(attributes).length > 0 && {
      MessageAttributes: attributes,
      MD5OfMessageAttributes: md5OfAttributes(attributes),
    }),
  };
}

/** A name, everything, or what begins with a prefix: `foo`, `All`, `.*`, `foo.*`. */
function asksFor(wanted: string, name: string): boolean {
  if (wanted === "All" || wanted === ".*" || wanted === name) return true;
  return wanted.endsWith(".*") && name.startsWith(wanted.slice(0, -1));
}

function only<Value>(all: Record<string, Value>, names: string[]): Record<string, Value> {
  if (names.includes("All")) return all;
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}

function refuseUnknown(names: string[], known: string[]): void {
  const unknown = names.find((name) => name !== "All" && !known.includes(name));
  if (unknown !== undefined) throw new AwsError("InvalidAttributeName", `Unknown Attribute ${unknown}.`);
}

function describeTask(task: MoveTask) {
  return {
    // A handle is for cancelling, and SQS tells it only as long as that is possible.
    ...(task.status === "RUNNING" && { TaskHandle: handleOf(task) }),
    Status: task.status,
    SourceArn: task.source,
    ...(task.destination !== undefined && { DestinationArn: task.destination }),
    ...(task.messagesPerSecond !== undefined && { MaxNumberOfMessagesPerSecond: task.messagesPerSecond }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    ...(task.failure && { FailureReason: task.failure }),
    StartedTimestamp: task.startedAtMs,
  };
}

function handleOf({ id, source }: MoveTask): string {
  return Buffer.from(JSON.stringify({ taskId: id, sourceArn: source })).toString("base64");
}

function taskIdOf(handle: string): string {
  const [, id] = /"taskId":"([0-9a-f-]{36})"/.exec(Buffer.from(handle, "base64").toString()) ?? [];
  if (id !== undefined) return id;
  throw new AwsError("InvalidParameterValue", "Value for parameter TaskHandle is invalid.");
}
