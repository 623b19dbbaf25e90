import { type EventPattern, type Mapping, matches, parsePattern } from "@cartwright/topology";
import type { SQSEvent, SQSRecord } from "aws-lambda";
import type { Clock, Timer } from "../clock.ts";
import { correlationIdsOf } from "../function/correlation.ts";
import type { Invocation, Invoke } from "../function/invocation.ts";
import { chunksOf, type Meter } from "../meter/meter.ts";
import type { MessageAttributes, Queues, ReceivedMessage } from "./queue.ts";

export interface QueuePollerOptions {
  mapping: Mapping;
  queues: Queues;
  invoke: Invoke;
  clock: Clock;
  meter?: Meter;
}

export interface QueuePoller {
  /** Whether a batch is being filled or processed. */
  busy(): boolean;
  /** Takes no more messages, gives back what no function has seen yet, and waits for the batches in work. */
  stop(): Promise<void>;
}

/** Lambda starts with five concurrent batches, and reaches a local function no faster for having more. */
const defaultConcurrency = 5;
/** Lambda's limit on a synchronous payload, which ends a batch early. */
const maximumBatchBytes = 6 * 1024 * 1024;

interface Batch {
  messages: ReceivedMessage[];
  bytes: number;
}

/** Lambda's poller of a queue: batches its messages, invokes the function, and deletes what succeeded. */
export function startQueuePoller({ mapping, queues, invoke, clock, meter }: QueuePollerOptions): QueuePoller {
  const queue = queues.resolve(mapping.source);
  const filters = (mapping.filters ?? []).map((filter, index) => parseFilter(filter, `filters[${index}]`));
  const concurrency = mapping.maximumConcurrency ?? defaultConcurrency;
  const working = new Set<Promise<void>>();
  const ready: Batch[] = [];
  let filling: Batch = { messages: [], bytes: 0 };
  let windowTimer: Timer | undefined;
  let stopped = false;

  /** Takes messages while a function could run; called whenever one may have become visible, or a batch is done. */
  function pump(): void {
    while (!stopped && working.size + ready.length < concurrency) {
      if (!fill()) break;
      start();
    }
  }

  /** Receives until the batch is full. True when there is a batch to start. */
  function fill(): boolean {
    while (ready.length === 0 && filling.messages.length < mapping.batchSize) {
      const maximum = Math.min(10, mapping.batchSize - filling.messages.length);
      const received = queues.receive(queue.arn, { maximum });
      if (received.length === 0) break;
      record(received, chunksOf(received.reduce((sum, message) => sum + Buffer.byteLength(message.body), 0)));
      discard(received.filter((message) => !passes(message)));
      for (const message of received.filter(passes)) put(message);
    }
    const isFull = filling.messages.length >= mapping.batchSize;
    if (isFull || (mapping.windowSeconds === 0 && filling.messages.length > 0)) closeBatch();
    else if (filling.messages.length > 0) openWindow();
    return ready.length > 0;
  }

  function put(message: ReceivedMessage): void {
    const bytes = Buffer.byteLength(message.body);
    if (filling.messages.length > 0 && filling.bytes + bytes > maximumBatchBytes) closeBatch();
    filling.messages.push(message);
    filling.bytes += bytes;
  }

  function closeBatch(): void {
    windowTimer?.cancel();
    windowTimer = undefined;
    ready.push(filling);
    filling = { messages: [], bytes: 0 };
  }

  function openWindow(): void {
    windowTimer ??= clock.setTimer(clock.now() + mapping.windowSeconds * 1000, () => {
      closeBatch();
      start();
    });
  }

  function start(): void {
    while (ready.length > 0 && working.size < concurrency) {
      const { messages } = ready.shift()!;
      const work = process(messages).finally(() => {
        working.delete(work);
        start();
        pump();
      });
      working.add(work);
    }
  }

  async function process(messages: ReceivedMessage[]): Promise<void> {
    const event: SQSEvent = { Records: messages.map((message) => toRecord(message, queue.arn)) };
    let invocation: Invocation;
    try {
      invocation = await invoke(mapping.function, event);
    } catch {
      // Throttled or not there: like any failure, the messages come back when their visibility timeout ends.
      return;
    }
    discard(succeeded(messages, invocation, mapping.partialResponses));
  }

  function discard(messages: ReceivedMessage[]): void {
    for (let at = 0; at < messages.length; at += 10) {
      const batch = messages.slice(at, at + 10);
      for (const message of batch) queues.delete(queue.arn, message.receiptHandle);
      record(batch, 1);
    }
  }

  function passes(message: ReceivedMessage): boolean {
    return filters.length === 0 || filters.some((filter) => passesFilter(filter, message, queue.arn));
  }

  function record(messages: ReceivedMessage[], amount: number): void {
    const correlationIds = correlationIdsOf({ Records: messages });
    meter?.record("queueRequests", { correlationIds, name: queue.name, amount });
  }

  const unsubscribe = queues.subscribe(queue.arn, pump);
  return {
    busy: () => working.size + ready.length + filling.messages.length > 0,
    async stop() {
      stopped = true;
      unsubscribe();
      windowTimer?.cancel();
      for (const message of [...ready.splice(0), filling].flatMap((batch) => batch.messages)) {
        queues.changeVisibility(queue.arn, message.receiptHandle, 0);
      }
      filling = { messages: [], bytes: 0 };
      await Promise.all(working);
    },
  };
}

/**
 * The messages of a batch that are done. With ReportBatchItemFailures, anything but a well-formed list of ids that are
 * in the batch means that all of it failed; an empty answer means that none of it did.
 */
export function succeeded(
  messages: ReceivedMessage[],
  invocation: Invocation,
  partialResponses: boolean,
): ReceivedMessage[] {
  if (!invocation.ok) return [];
  if (!partialResponses) return messages;
  const { payload } = invocation;
  if (payload === undefined || payload === null) return messages;
  if (typeof payload !== "object") return [];
  const failures = (payload as { batchItemFailures?: unknown }).batchItemFailures;
  if (failures === undefined || failures === null) return messages;
  if (!Array.isArray(failures)) return [];
  const ids = new Set(messages.map((message) => message.messageId));
  const failed = failures.map((failure) => (failure as { itemIdentifier?: unknown } | null)?.itemIdentifier);
  if (!failed.every((id) => typeof id === "string" && ids.has(id))) return [];
  return messages.filter((message) => !failed.includes(message.messageId));
}

function toRecord(message: ReceivedMessage, queueArn: string): SQSRecord {
  const { deadLetterSource } = message;
  return {
    messageId: message.messageId,
    receiptHandle: message.receiptHandle,
    body: message.body,
    attributes: {
      ApproximateReceiveCount: String(message.receiveCount),
      SentTimestamp: String(message.sentAtMs),
      SenderId: message.senderId,
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAtMs),
      ...(deadLetterSource !== undefined && { DeadLetterQueueSourceArn: deadLetterSource }),
    },
    messageAttributes: toRecordAttributes(message.attributes),
    md5OfBody: message.md5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(":")[3] ?? "",
  };
}

function toRecordAttributes(attributes: MessageAttributes): SQSRecord["messageAttributes"] {
  const entries = Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
    name,
    {
      dataType: DataType,
      stringListValues: [],
      binaryListValues: [],
      ...(StringValue !== undefined && { stringValue: StringValue }),
      ...(BinaryValue !== undefined && { binaryValue: BinaryValue }),
    },
  ]);
  return Object.fromEntries(entries);
}

interface Filter {
  pattern: EventPattern;
  /** What the pattern expects the body to be, when it says anything about it. */
  body: "json" | "text" | undefined;
}

function parseFilter(filter: Record<string, unknown>, where: string): Filter {
  const { body } = filter;
  return {
    pattern: parsePattern(filter, where),
    body: body === undefined ? undefined : Array.isArray(body) ? "text" : "json",
  };
}

/** A filter of JSON never matches a body of plain text, nor the other way round; Lambda drops such messages. */
function passesFilter({ pattern, body: wanted }: Filter, message: ReceivedMessage, queueArn: string): boolean {
  const json = parseObject(message.body);
  if (wanted !== undefined && wanted !== (json === undefined ? "text" : "json")) return false;
  return matches(pattern, { ...toRecord(message, queueArn), body: json ?? message.body });
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
