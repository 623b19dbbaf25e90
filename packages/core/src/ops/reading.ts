import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type MessageAttributeValue,
  ReceiveMessageCommand,
} from "@aws-sdk/client-sqs";
import { reaching } from "../aws-fault.ts";
import { now } from "../clock.ts";
import { sqs } from "./client.ts";
import type { Subscriber } from "./subscriber.ts";

/** A message of a queue of dead letters, hidden from others for the time being. */
export interface Received {
  id: string;
  body: string;
  attributes: Record<string, MessageAttributeValue>;
  sentAt: string;
  /** SQS's redrive policy put it here, not the function that failed. */
  movedBySqs: boolean;
  receiptHandle: string;
}

/**
 * What becomes of a letter after it was looked at. One that is `set-aside` stays hidden when a bound ended the
 * reading, so that the next call sees others; one that is `put-back` can be received again as soon as the call ends.
 */
export type Fate = "gone" | "set-aside" | "put-back";

export interface Reading {
  examined: number;
  /** How many this call and those before it left hidden, so that the next one sees others. */
  setAside: number;
  /** The queue was read to its end, or but for what others look at; the caller had enough; it was too much for one call. */
  ended: "at-its-end" | "but-for-hidden" | "enough" | "at-a-bound";
}

/** One call looks at this many letters at most, for this long: the API answers within 30 seconds. */
export const maximumLetters = 1000;
const maximumMs = 15_000;
/** SQS has no way to look without hiding. A letter that is in nobody's hands any more is visible after this time. */
export const hiddenSeconds = 60;
const batchSize = 10;

interface ReadingOptions {
  enough?: () => boolean;
  asOf?: Date;
  /** Letters that earlier calls of the same request have left hidden: those have been looked at. */
  setAsideBefore?: number;
}

/**
 * Reads a queue of dead letters through, batch by batch. Whatever happens to the caller, a letter that it did not
 * delete becomes visible again. Letters that came after `asOf` are left alone, so that one that is redriven and fails
 * again at once is not redriven for ever.
 */
export async function readThrough(
  subscriber: Subscriber,
  look: (letters: Received[]) => Promise<Fate[]>,
  { enough = () => false, asOf = now(), setAsideBefore = 0 }: ReadingOptions = {},
): Promise<Reading> {
  const { url, name } = subscriber;
  const latest = asOf.toISOString();
  const untilMs = performance.now() + maximumMs;
  const seen = new Set<string>();
  const putBack: string[] = [];
  const setAside: string[] = [];
  let ended: Reading["ended"] | undefined;
  try {
    while (!ended) {
      const batch = await reaching(`the dead letters of ${name}`, receive(url));
      // SQS may deliver a message twice.
      const letters = batch.filter(({ id, sentAt }) => sentAt <= latest && !seen.has(id));
      putBack.push(...batch.filter((letter) => !letters.includes(letter)).map(({ receiptHandle }) => receiptHandle));
      setAside.push(...letters.map(({ receiptHandle }) => receiptHandle));
      const fates = await look(letters);
      setAside.splice(setAside.length - letters.length);
      letters.forEach(({ id, receiptHandle }, index) => {
        seen.add(id);
        if (fates[index] === "put-back") putBack.push(receiptHandle);
        if (fates[index] === "set-aside") setAside.push(receiptHandle);
      });
      if (enough()) ended = "enough";
      else if (batch.length === 0) {
        const { hidden } = await countLetters(subscriber);
        ended = hidden > putBack.length + setAside.length + setAsideBefore ? "but-for-hidden" : "at-its-end";
      } else if (seen.size >= maximumLetters || performance.now() >= untilMs) ended = "at-a-bound";
    }
    return { examined: seen.size, ended, setAside: setAsideBefore + (ended === "at-a-bound" ? setAside.length : 0) };
  } finally {
    await release(url, ended === "at-a-bound" ? putBack : [...putBack, ...setAside]);
  }
}

/** Answers those that could not be deleted, each with its reason. */
export async function deleteLetters(
  { url }: Subscriber,
  letters: Received[],
): Promise<{ id: string; reason: string }[]> {
  if (letters.length === 0) return [];
  const Entries = letters.map(({ id, receiptHandle }) => ({ Id: id, ReceiptHandle: receiptHandle }));
  try {
    const { Failed = [] } = await sqs().send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
    return Failed.map(({ Id, Code, Message }) => ({ id: Id!, reason: `${Code}: ${Message ?? ""}` }));
  } catch (error) {
    return letters.map(({ id }) => ({ id, reason: String(error) }));
  }
}

/** Approximately, as SQS counts. `hidden` are in somebody's hands, and nobody else can read them for `hiddenSeconds`. */
export async function countLetters({ url, name }: Subscriber): Promise<{ all: number; hidden: number }> {
  const { waiting, hidden, delayed } = await countsOf(url, `the dead letters of ${name}`);
  return { all: waiting + hidden + delayed, hidden };
}

/** Approximately, as SQS counts: those that wait, those in somebody's hands and those that are delayed. */
export async function countMessages(url: string, what: string): Promise<number> {
  const { waiting, hidden, delayed } = await countsOf(url, what);
  return waiting + hidden + delayed;
}

async function countsOf(url: string, what: string): Promise<{ waiting: number; hidden: number; delayed: number }> {
  const names = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
  ] as const;
  const ask = sqs().send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...names] }));
  const { Attributes = {} } = await reaching(what, ask);
  const [waiting = 0, hidden = 0, delayed = 0] = names.map((name) => Number(Attributes[name] ?? 0));
  return { waiting, hidden, delayed };
}

/** Waits a moment for a first one, since only then does SQS ask all of its servers. */
async function receive(url: string): Promise<Received[]> {
  const { Messages = [] } = await sqs().send(
    new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: batchSize,
      VisibilityTimeout: hiddenSeconds,
      WaitTimeSeconds: 1,
      MessageAttributeNames: ["All"],
      MessageSystemAttributeNames: ["SentTimestamp", "DeadLetterQueueSourceArn"],
    }),
  );
  return Messages.map(({ MessageId, Body = "", ReceiptHandle, Attributes = {}, MessageAttributes = {} }) => ({
    id: MessageId!,
    body: Body,
    attributes: MessageAttributes,
    sentAt: new Date(Number(Attributes.SentTimestamp)).toISOString(),
    movedBySqs: Attributes.DeadLetterQueueSourceArn !== undefined,
    receiptHandle: ReceiptHandle!,
  }));
}

/** As well as it can be done: what fails here becomes visible a little later by itself. */
async function release(url: string, receiptHandles: string[]): Promise<void> {
  for (let at = 0; at < receiptHandles.length; at += batchSize) {
    const Entries = receiptHandles
      .slice(at, at + batchSize)
      .map((handle, index) => ({ Id: String(index), ReceiptHandle: handle, VisibilityTimeout: 0 }));
    await sqs()
      .send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries }))
      .catch(() => {});
  }
}
