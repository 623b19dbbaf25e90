import { createHash } from "node:crypto";
import type { Queue } from "@cartwright/topology";
import type { Clock, Timer } from "../clock.ts";
import { AwsError } from "../http/aws-error.ts";
import type { Random } from "../random.ts";
import type { SqlValue, Store } from "../store.ts";
import { checkMessage } from "./message-rule.ts";

/** As the SQS API spells it. Binary values are base64. */
export interface MessageAttribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: string;
}

export type MessageAttributes = Record<string, MessageAttribute>;

export interface OutgoingMessage {
  body: string;
  attributes?: MessageAttributes;
  /** Instead of the queue's own delay; 0 to 900. */
  delaySeconds?: number;
  /** Who sent it, for the attribute SenderId. */
  senderId?: string;
}

export interface ReceivedMessage {
  messageId: string;
  /** New at each receive; older ones stop working then. */
  receiptHandle: string;
  body: string;
  attributes: MessageAttributes;
  md5OfBody: string;
  receiveCount: number;
  sentAtMs: number;
  firstReceivedAtMs: number;
  senderId: string;
  /** The queue it failed in, when this one holds dead letters. */
  deadLetterSource: string | undefined;
}

export interface QueueCounts {
  visible: number;
  inFlight: number;
  delayed: number;
  oldestSentAtMs: number | undefined;
}

export interface ReceiveOptions {
  /** 1 to 10. */
  maximum?: number;
  visibilityTimeoutSeconds?: number;
}

export interface MoveOptions {
  destination?: string | undefined;
  /** For messages that came directly, of which nobody knows where they failed. */
  fallback?: string | undefined;
  limit: number;
}

/** In SQS's words. */
export type MoveObstacle = "CouldNotDetermineMessageSource" | "AWS.SimpleQueueService.NonExistentQueue";

/** SQS standard queues. A queue is named by ARN, URL or name; an unknown one is QueueDoesNotExist. */
export interface Queues {
  resolve(queue: string): Queue;
  all(): Queue[];
  /** Durable once it returns, or once the surrounding transaction commits. */
  send(queue: string, message: OutgoingMessage): { messageId: string; md5OfBody: string };
  receive(queue: string, options?: ReceiveOptions): ReceivedMessage[];
  /** Long polling: waits up to `waitMs` for a first message. */
  poll(queue: string, options: ReceiveOptions & { waitMs: number; signal?: AbortSignal }): Promise<ReceivedMessage[]>;
  /** False when the receipt is no longer the latest; SQS answers success all the same. */
  delete(queue: string, receiptHandle: string): boolean;
  changeVisibility(queue: string, receiptHandle: string, seconds: number): void;
  counts(queue: string): QueueCounts;
  /** The oldest messages, whatever their state, without receiving them. */
  peek(queue: string, limit: number): Omit<ReceivedMessage, "receiptHandle">[];
  purge(queue: string): void;
  /**
   * Sends up to `limit` of the messages that nobody holds on as new ones, the oldest first, to `destination` or to where
   * each failed. Ends early at one that has no place to go to.
   */
  move(source: string, options: MoveOptions): { moved: number; obstacle?: MoveObstacle };
  /** Moves everything that can be received or nothing; answers how many. */
  moveAll(source: string, destination?: string): number;
  /** Calls back whenever something may have become receivable. Returns the way to stop it. */
  subscribe(queue: string, onVisible: () => void): () => void;
  close(): void;
}

export interface QueuesOptions {
  queues: Queue[];
  store: Store;
  clock: Clock;
  random: Random;
}

const migrations = [
  `CREATE TABLE queue_message (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     queue TEXT NOT NULL,
     message_id TEXT NOT NULL,
     body TEXT NOT NULL,
     attributes TEXT NOT NULL,
     sender_id TEXT NOT NULL,
     sent_at_ms INTEGER NOT NULL,
     visible_at_ms INTEGER NOT NULL,
     expires_at_ms INTEGER NOT NULL,
     receives INTEGER NOT NULL DEFAULT 0,
     first_received_at_ms INTEGER,
     receipt TEXT,
     dead_letter_source TEXT
   );
   CREATE INDEX queue_message_by_visibility ON queue_message (queue, visible_at_ms, id);
   CREATE INDEX queue_message_by_expiry ON queue_message (queue, expires_at_ms);`,
];

interface Row {
  id: number;
  message_id: string;
  body: string;
  attributes: string;
  sender_id: string;
  sent_at_ms: number;
  expires_at_ms: number;
  receives: number;
  first_received_at_ms: number | null;
  receipt: string | null;
  dead_letter_source: string | null;
}

/** SQS's limits, from its quotas page. */
const maximumDelaySeconds = 900;
const maximumVisibilitySeconds = 43_200;
const maximumBatch = 10;

export function openQueues({ queues, store, clock, random }: QueuesOptions): Queues {
  store.migrate("queue", migrations);
  const wakes = createWakes(store, clock);
  const byArn = new Map(queues.map((queue) => [queue.arn, queue]));
  const byName = new Map(queues.map((queue) => [queue.name, queue]));

  function find(name: string): Queue | undefined {
    return byArn.get(name) ?? byName.get(name.slice(name.lastIndexOf("/") + 1));
  }

  function resolve(name: string): Queue {
    const queue = find(name);
    if (queue) return queue;
    throw new AwsError("QueueDoesNotExist", `The specified queue does not exist: ${name}.`);
  }

  function send(name: string, message: OutgoingMessage) {
    const queue = resolve(name);
    const delaySeconds = within(message.delaySeconds ?? queue.delaySeconds, 0, maximumDelaySeconds, "DelaySeconds");
    checkMessage(message);
    const messageId = random.uuid();
    const nowMs = clock.now();
    insert(store, {
      queue: queue.arn,
      message_id: messageId,
      body: message.body,
      attributes: JSON.stringify(message.attributes ?? {}),
      sender_id: message.senderId ?? accountOf(queue.arn),
      sent_at_ms: nowMs,
      visible_at_ms: nowMs + delaySeconds * 1000,
      expires_at_ms: nowMs + queue.retentionSeconds * 1000,
      dead_letter_source: null,
    });
    wakes.at(queue.arn, nowMs + delaySeconds * 1000);
    return { messageId, md5OfBody: md5(message.body) };
  }

  function receive(name: string, options: ReceiveOptions = {}): ReceivedMessage[] {
    const queue = resolve(name);
    const maximum = within(options.maximum ?? 1, 1, maximumBatch, "MaxNumberOfMessages");
    const timeoutSeconds = within(
      options.visibilityTimeoutSeconds ?? queue.visibilityTimeoutSeconds,
      0,
      maximumVisibilitySeconds,
      "VisibilityTimeout",
    );
    return store.transaction(() => {
      sweep(queue);
      const received: ReceivedMessage[] = [];
      for (const row of visibleRows(queue, maximum)) received.push(take(queue, row, timeoutSeconds));
      return received;
    });
  }

  /** Up to `maximum` receivable rows. What was received too often moves on to the dead letters first, as SQS does. */
  function visibleRows(queue: Queue, maximum: number): Row[] {
    const select = store.query<Row>(
      "SELECT * FROM queue_message WHERE queue = ? AND visible_at_ms <= ? ORDER BY visible_at_ms, id LIMIT ?",
    );
    const { redrive } = queue;
    if (!redrive) return select.all(queue.arn, clock.now(), maximum);
    // Each round moves a row away or ends, so that it is bounded by the queue's length.
    for (;;) {
      const rows = select.all(queue.arn, clock.now(), maximum);
      const spent = rows.filter((row) => row.receives >= redrive.maximumReceives);
      if (spent.length === 0) return rows;
      for (const row of spent) bury(queue, resolve(redrive.deadLetters), row);
    }
  }

  /** The age counts on from the first send, under the retention of the dead letter queue. */
  function bury(source: Queue, deadLetters: Queue, row: Row): void {
    const expiresAtMs = row.sent_at_ms + deadLetters.retentionSeconds * 1000;
    store
      .query(
        `UPDATE queue_message SET queue = ?, visible_at_ms = ?, expires_at_ms = ?, receives = 0,
           first_received_at_ms = NULL, receipt = NULL, dead_letter_source = ? WHERE id = ?`,
      )
      .run(deadLetters.arn, clock.now(), expiresAtMs, source.arn, row.id);
    wakes.at(deadLetters.arn, clock.now());
  }

  function take(queue: Queue, row: Row, timeoutSeconds: number): ReceivedMessage {
    const nowMs = clock.now();
    const receipt = random.uuid();
    const visibleAtMs = nowMs + timeoutSeconds * 1000;
    const firstReceivedAtMs = row.first_received_at_ms ?? nowMs;
    store
      .query(
        "UPDATE queue_message SET visible_at_ms = ?, receives = receives + 1, first_received_at_ms = ?, receipt = ? WHERE id = ?",
      )
      .run(visibleAtMs, firstReceivedAtMs, receipt, row.id);
    wakes.at(queue.arn, visibleAtMs);
    return {
      ...messageOf({ ...row, receives: row.receives + 1, first_received_at_ms: firstReceivedAtMs }),
      receiptHandle: Buffer.from(`${row.id}:${receipt}`).toString("base64"),
    };
  }

  async function poll(name: string, options: ReceiveOptions & { waitMs: number; signal?: AbortSignal }) {
    const queue = resolve(name);
    const untilMs = clock.now() + options.waitMs;
    for (;;) {
      const messages = receive(queue.arn, options);
      if (messages.length > 0 || clock.now() >= untilMs || options.signal?.aborted) return messages;
      await wakes.next(queue.arn, untilMs, options.signal);
    }
  }

  function changeVisibility(name: string, receiptHandle: string, seconds: number): void {
    const queue = resolve(name);
    within(seconds, 0, maximumVisibilitySeconds, "VisibilityTimeout");
    const { id, receipt } = parseReceipt(receiptHandle);
    const nowMs = clock.now();
    const { changes } = store
      .query(
        "UPDATE queue_message SET visible_at_ms = ? WHERE id = ? AND receipt = ? AND queue = ? AND visible_at_ms > ?",
      )
      .run(nowMs + seconds * 1000, id, receipt, queue.arn, nowMs);
    if (changes === 0) {
      throw new AwsError(
        "MessageNotInflight",
        "The message is not in flight: it is visible again, deleted, or was received since.",
      );
    }
    wakes.at(queue.arn, nowMs + seconds * 1000);
  }

  function counts(name: string): QueueCounts {
    const queue = resolve(name);
    const nowMs = clock.now();
    sweep(queue);
    const row = store
      .query<{ visible: number; in_flight: number; delayed: number; oldest: number | null }>(
        `SELECT count(CASE WHEN visible_at_ms <= ?1 THEN 1 END) AS visible,
           count(CASE WHEN visible_at_ms > ?1 AND receipt IS NOT NULL THEN 1 END) AS in_flight,
           count(CASE WHEN visible_at_ms > ?1 AND receipt IS NULL THEN 1 END) AS delayed,
           min(sent_at_ms) AS oldest
         FROM queue_message WHERE queue = ?2`,
      )
      .get(nowMs, queue.arn)!;
    return {
      visible: row.visible,
      inFlight: row.in_flight,
      delayed: row.delayed,
      oldestSentAtMs: row.oldest ?? undefined,
    };
  }

  function move(name: string, { destination, fallback, limit }: MoveOptions) {
    const source = resolve(name);
    return store.transaction(() => {
      sweep(source);
      const rows = store
        .query<Row>("SELECT * FROM queue_message WHERE queue = ? AND visible_at_ms <= ? ORDER BY id LIMIT ?")
        .all(source.arn, clock.now(), limit);
      for (const [moved, row] of rows.entries()) {
        const target = destination ?? row.dead_letter_source ?? fallback;
        if (target === undefined) return { moved, obstacle: "CouldNotDetermineMessageSource" as const };
        if (!find(target)) return { moved, obstacle: "AWS.SimpleQueueService.NonExistentQueue" as const };
        send(target, { body: row.body, attributes: JSON.parse(row.attributes), senderId: row.sender_id });
        store.query("DELETE FROM queue_message WHERE id = ?").run(row.id);
      }
      return { moved: rows.length };
    });
  }

  function moveAll(name: string, destination?: string): number {
    const source = resolve(name);
    const feeders = queues.filter((queue) => queue.redrive?.deadLetters === source.arn);
    if (feeders.length === 0 && destination === undefined) {
      throw new AwsError("UnsupportedOperation", `${source.name} holds no queue's dead letters: name a destination.`);
    }
    // What a rule or a schedule put here itself belongs to the only queue that fails into this one.
    const fallback = feeders.length === 1 ? feeders[0]!.arn : undefined;
    return store.transaction(() => {
      const { moved, obstacle } = move(source.arn, { destination, fallback, limit: Number.MAX_SAFE_INTEGER });
      if (!obstacle) return moved;
      throw new AwsError(
        "UnsupportedOperation",
        `A message of ${source.name} can't go back (${obstacle}): name a destination.`,
      );
    });
  }

  function sweep(queue: Queue): void {
    store.query("DELETE FROM queue_message WHERE queue = ? AND expires_at_ms <= ?").run(queue.arn, clock.now());
  }

  return {
    resolve,
    all: () => [...queues],
    send,
    receive,
    poll,
    delete(name, receiptHandle) {
      const queue = resolve(name);
      const { id, receipt } = parseReceipt(receiptHandle);
      const { changes } = store
        .query("DELETE FROM queue_message WHERE id = ? AND receipt = ? AND queue = ?")
        .run(id, receipt, queue.arn);
      return changes > 0;
    },
    changeVisibility,
    counts,
    peek(name, limit) {
      const queue = resolve(name);
      sweep(queue);
      return store
        .query<Row>("SELECT * FROM queue_message WHERE queue = ? ORDER BY id LIMIT ?")
        .all(queue.arn, limit)
        .map(messageOf);
    },
    purge(name) {
      store.query("DELETE FROM queue_message WHERE queue = ?").run(resolve(name).arn);
    },
    move,
    moveAll,
    subscribe: (name, onVisible) => wakes.subscribe(resolve(name).arn, onVisible),
    close: wakes.close,
  };
}

/** MD5 of message attributes as SQS computes it, which the SDK checks. */
export function md5OfAttributes(attributes: MessageAttributes): string {
  const hash = createHash("md5");
  const sized = (data: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    hash.update(length).update(data);
  };
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(attributes).sort(byName)) {
    sized(Buffer.from(name));
    sized(Buffer.from(DataType));
    hash.update(Buffer.from([StringValue === undefined ? 2 : 1]));
    sized(StringValue === undefined ? Buffer.from(BinaryValue ?? "", "base64") : Buffer.from(StringValue));
  }
  return hash.digest("hex");
}

const byName = ([left]: [string, unknown], [right]: [string, unknown]) => (left < right ? -1 : 1);

interface Wakes {
  /** Something will be receivable then. */
  at(queue: string, atMs: number): void;
  subscribe(queue: string, onVisible: () => void): () => void;
  /** Resolves at the next wake, at `untilMs` or when aborted, whichever comes first. */
  next(queue: string, untilMs: number, signal?: AbortSignal): Promise<void>;
  close(): void;
}

/** One timer per watched queue, at the earliest time a message of it becomes visible. */
function createWakes(store: Store, clock: Clock): Wakes {
  const listeners = new Map<string, Set<() => void>>();
  const timers = new Map<string, { atMs: number; timer: Timer }>();
  const waking = new Set<string>();
  let closed = false;

  function arm(queue: string, atMs: number): void {
    if (closed || !listeners.get(queue)?.size) return;
    if (atMs <= clock.now()) {
      wakeSoon(queue);
      return;
    }
    const armed = timers.get(queue);
    if (armed && armed.atMs <= atMs) return;
    armed?.timer.cancel();
    const timer = clock.setTimer(atMs, () => {
      timers.delete(queue);
      wakeSoon(queue);
      rearm(queue);
    });
    timers.set(queue, { atMs, timer });
  }

  /** After the current turn, once however much was sent in it. */
  function wakeSoon(queue: string): void {
    if (waking.has(queue)) return;
    waking.add(queue);
    queueMicrotask(() => {
      waking.delete(queue);
      if (!closed) for (const listener of [...(listeners.get(queue) ?? [])]) listener();
    });
  }

  function rearm(queue: string): void {
    const row = store
      .query<{ at: number | null }>(
        "SELECT min(visible_at_ms) AS at FROM queue_message WHERE queue = ? AND visible_at_ms > ?",
      )
      .get(queue, clock.now());
    if (row?.at) arm(queue, row.at);
  }

  function listen(queue: string, onVisible: () => void): () => void {
    const own = () => onVisible();
    const all = listeners.get(queue) ?? new Set();
    listeners.set(queue, all.add(own));
    rearm(queue);
    return () => {
      all.delete(own);
      if (all.size > 0) return;
      timers.get(queue)?.timer.cancel();
      timers.delete(queue);
    };
  }

  return {
    at: (queue, atMs) => store.afterCommit(() => arm(queue, atMs)),
    subscribe(queue, onVisible) {
      const unsubscribe = listen(queue, onVisible);
      // What was there before may be receivable already.
      wakeSoon(queue);
      return unsubscribe;
    },
    next(queue, untilMs, signal) {
      return new Promise<void>((resolve) => {
        const stop = () => {
          timer.cancel();
          unsubscribe();
          signal?.removeEventListener("abort", stop);
          resolve();
        };
        const timer = clock.setTimer(untilMs, stop);
        const unsubscribe = listen(queue, stop);
        signal?.addEventListener("abort", stop, { once: true });
      });
    },
    close() {
      closed = true;
      for (const { timer } of timers.values()) timer.cancel();
      timers.clear();
      listeners.clear();
    },
  };
}

function insert(store: Store, row: Record<string, SqlValue>): void {
  const columns = Object.keys(row);
  const sql = `INSERT INTO queue_message (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
  store.query(sql).run(...Object.values(row));
}

function messageOf(row: Row): Omit<ReceivedMessage, "receiptHandle"> {
  return {
    messageId: row.message_id,
    body: row.body,
    attributes: JSON.parse(row.attributes),
    md5OfBody: md5(row.body),
    receiveCount: row.receives,
    sentAtMs: row.sent_at_ms,
    firstReceivedAtMs: row.first_received_at_ms ?? 0,
    senderId: row.sender_id,
    deadLetterSource: row.dead_letter_source ?? undefined,
  };
}

function parseReceipt(handle: string): { id: number; receipt: string } {
  const [, id, receipt] = /^(\d+):([0-9a-f-]{36})$/.exec(Buffer.from(handle, "base64").toString()) ?? [];
  if (id === undefined || receipt === undefined) {
    throw new AwsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.");
  }
  return { id: Number(id), receipt };
}

function within(value: number, least: number, most: number, parameter: string): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new AwsError(
    "InvalidParameterValue",
    `${parameter} must be a whole number from ${least} to ${most}, not ${value}.`,
  );
}

function accountOf(arn: string): string {
  return arn.split(":")[4] ?? "";
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
