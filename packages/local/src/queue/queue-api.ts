import * as z from "zod";
import type { Caller } from "../function/trace.ts";
import { AwsError } from "../http/aws-error.ts";
import type { Input, Operations } from "../http/endpoint.ts";
import { type MessageAttributes, md5OfAttributes, type Queues, type ReceivedMessage } from "./queue.ts";

export interface QueueApiOptions {
  queues: Queues;
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
});
const DeleteBatchInput = InQueue.extend({
  Entries: z.array(z.object({ Id: z.string(), ReceiptHandle: z.string() })).default([]),
});
const VisibilityInput = Receipt.extend({ VisibilityTimeout: z.number() });
const MoveInput = z.object({ SourceArn: z.string(), DestinationArn: z.string().optional() });

/** SQS's JSON protocol over the queues. */
export function queueOperations(options: QueueApiOptions): Operations {
  const { queues } = options;

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
    const messages = await queues.poll(input.QueueUrl, {
      maximum: input.MaxNumberOfMessages ?? 1,
      ...(input.VisibilityTimeout !== undefined && { visibilityTimeoutSeconds: input.VisibilityTimeout }),
      waitMs: input.WaitTimeSeconds * 1000,
    });
    return messages.length > 0 ? { Messages: messages.map(toApi) } : {};
  }

  function attributes({ QueueUrl }: z.infer<typeof InQueue>) {
    const queue = queues.resolve(QueueUrl);
    const counts = queues.counts(QueueUrl);
    const { redrive } = queue;
    return {
      Attributes: {
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
      },
    };
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
    GetQueueAttributes: operation(InQueue, attributes),
    PurgeQueue: operation(InQueue, (input) => queues.purge(input.QueueUrl)),
    GetQueueUrl: (raw) => {
      const { QueueName } = parse(z.object({ QueueName: z.string() }), raw);
      return { QueueUrl: options.urlOf(queues.resolve(QueueName).name) };
    },
    ListQueues: () => ({ QueueUrls: queues.all().map(({ name }) => options.urlOf(name)) }),
    StartMessageMoveTask: (raw) => {
      const { SourceArn, DestinationArn } = parse(MoveInput, raw);
      const moved = queues.moveAll(SourceArn, DestinationArn);
      return { TaskHandle: Buffer.from(JSON.stringify({ SourceArn, moved })).toString("base64") };
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

function toApi(message: ReceivedMessage) {
  const hasAttributes = Object.keys(message.attributes).length > 0;
  return {
    MessageId: message.messageId,
    ReceiptHandle: message.receiptHandle,
    Body: message.body,
    MD5OfBody: message.md5OfBody,
    Attributes: {
      ApproximateReceiveCount: String(message.receiveCount),
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAtMs),
      SenderId: message.senderId,
      SentTimestamp: String(message.sentAtMs),
      ...(message.deadLetterSource && { DeadLetterQueueSourceArn: message.deadLetterSource }),
    },
    ...(hasAttributes && {
      MessageAttributes: message.attributes,
      MD5OfMessageAttributes: md5OfAttributes(message.attributes),
    }),
  };
}
