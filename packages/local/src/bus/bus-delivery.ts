import type { Clock, Timer } from "../clock.ts";
import { correlationIdsOf } from "../function/correlation.ts";
import { AwsError } from "../http/aws-error.ts";
import { chunksOf, type Meter } from "../meter/meter.ts";
import type { MessageAttributes, Queues } from "../queue/queue.ts";
import type { Random } from "../random.ts";
import type { Store } from "../store.ts";

/** How targets that aren't queues are reached. Both resolve when the target has accepted the event, not when it is done. */
export interface TargetCalls {
  start(machineArn: string, input: unknown): Promise<void>;
  invokeAsync(functionArn: string, event: unknown): Promise<void>;
}

/** Thrown by a target call: nothing of this ARN exists, so that a retry is pointless. */
export class NoSuchTargetError extends Error {
  override readonly name = "NoSuchTargetError";
}

/** Why a rule can't reach one of its targets or its dead letters; undefined when it can. */
export type RefusalOf = (ruleArn: string, targetArn: string) => string | undefined;

/** Thrown by a target call that AWS would refuse the rule: it is not tried again either. */
class NoPermissionError extends Error {
  override readonly name = "NoPermissionError";
}

/** One event on its way to one target of one rule. */
export interface Delivery {
  ruleArn: string;
  targetArn: string;
  deadLetters: string | undefined;
  /** Retries after the first attempt. */
  maximumAttempts: number;
  maximumAgeSeconds: number;
  event: string;
}

export interface Deliveries {
  /** Durable with the surrounding transaction: enqueued at once, or pending until the target has accepted it. */
  deliver(delivery: Delivery): void;
  pending(): number;
  busy(): boolean;
  stop(): Promise<void>;
}

interface Options {
  store: Store;
  queues: Queues;
  clock: Clock;
  random: Random;
  targets: TargetCalls;
  refusalOf?: RefusalOf;
  meter?: Meter;
  /** Told of events that are lost because nobody lets the rule put them into its dead letters. */
  onError?: (error: unknown) => void;
}

const migrations = [
  `CREATE TABLE bus_delivery (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     rule_arn TEXT NOT NULL,
     target_arn TEXT NOT NULL,
     dead_letters TEXT,
     maximum_attempts INTEGER NOT NULL,
     maximum_age_seconds INTEGER NOT NULL,
     event TEXT NOT NULL,
     created_at_ms INTEGER NOT NULL,
     due_at_ms INTEGER NOT NULL,
     retries INTEGER NOT NULL DEFAULT 0
   );
   CREATE INDEX bus_delivery_by_due ON bus_delivery (due_at_ms, id);`,
];

interface Row {
  id: number;
  rule_arn: string;
  target_arn: string;
  dead_letters: string | null;
  maximum_attempts: number;
  maximum_age_seconds: number;
  event: string;
  created_at_ms: number;
  due_at_ms: number;
  retries: number;
}

interface Failure {
  code: string;
  message: string;
  exhausted?: "MaximumRetryAttempts" | "MaximumEventAgeInSeconds";
}

/** EventBridge promises exponential backoff with jitter and keeps the numbers to itself. */
const firstBackoffMs = 1_000;
const longestBackoffMs = 600_000;
/** Calls to targets at the same time. */
const concurrency = 32;

export function openDeliveries(options: Options): Deliveries {
  const { store, queues, clock, random, targets, meter, refusalOf = () => undefined } = options;
  store.migrate("bus-delivery", migrations);
  const working = new Map<number, Promise<void>>();
  let wake: { atMs: number; timer: Timer } | undefined;
  let stopped = false;

  function deliver(delivery: Delivery): void {
    if (!isQueue(delivery.targetArn)) {
      keep(delivery);
    } else if (queues.all().some((queue) => queue.arn === delivery.targetArn)) {
      // What one target refuses is no affair of the publisher or of other targets.
      const refusal = refusalOf(delivery.ruleArn, delivery.targetArn);
      const refused = refusal ? noPermission(refusal) : failureOf(() => send(delivery.targetArn, delivery.event, {}));
      if (refused) bury(delivery, 0, refused);
    } else {
      bury(delivery, 0, { code: "NO_RESOURCE", message: `The queue ${delivery.targetArn} does not exist.` });
    }
  }

  function keep(delivery: Delivery): void {
    const nowMs = clock.now();
    store
      .query(
        `INSERT INTO bus_delivery (rule_arn, target_arn, dead_letters, maximum_attempts, maximum_age_seconds, event,
           created_at_ms, due_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        delivery.ruleArn,
        delivery.targetArn,
        delivery.deadLetters ?? null,
        delivery.maximumAttempts,
        delivery.maximumAgeSeconds,
        delivery.event,
        nowMs,
        nowMs,
      );
    store.afterCommit(() => wakeAt(nowMs));
  }

  function send(queueArn: string, body: string, attributes: MessageAttributes): void {
    queues.send(queueArn, { body, attributes, senderId: "events.amazonaws.com" });
    meter?.record("queueRequests", {
      correlationIds: correlationIdsOf(JSON.parse(body)),
      name: queues.resolve(queueArn).name,
      amount: chunksOf(Buffer.byteLength(body)),
    });
  }

  /** Without dead letters the event is lost to this target, as it is on AWS. */
  function bury(delivery: Delivery, retries: number, { code, message, exhausted }: Failure): void {
    if (delivery.deadLetters === undefined) return;
    const text = (value: string) => ({ DataType: "String", StringValue: value });
    const deadLetters = delivery.deadLetters;
    const refusal = refusalOf(delivery.ruleArn, deadLetters);
    if (refusal) {
      options.onError?.(new NoPermissionError(`An event is lost, and could not be delivered for ${code}: ${refusal}`));
      return;
    }
    const attributes = {
      RULE_ARN: text(delivery.ruleArn),
      TARGET_ARN: text(delivery.targetArn),
      ERROR_CODE: text(code),
      ERROR_MESSAGE: text(message || code),
      RETRY_ATTEMPTS: text(String(retries)),
      ...(exhausted && { EXHAUSTED_RETRY_CONDITION: text(exhausted) }),
    };
    // A queue that refuses it as well loses it, as it does on AWS.
    failureOf(() => send(deadLetters, delivery.event, attributes));
  }

  function wakeAt(atMs: number): void {
    if (stopped || (wake && wake.atMs <= atMs)) return;
    wake?.timer.cancel();
    const timer = clock.setTimer(atMs, () => {
      wake = undefined;
      attemptDue();
    });
    wake = { atMs, timer };
  }

  function attemptDue(): void {
    if (stopped) return;
    const rows = store
      .query<Row>("SELECT * FROM bus_delivery ORDER BY due_at_ms, id LIMIT ?")
      // Those under way are still in the table, and may come first.
      .all(concurrency + working.size)
      .filter((row) => !working.has(row.id));
    for (const row of rows) {
      if (row.due_at_ms > clock.now()) {
        wakeAt(row.due_at_ms);
        return;
      }
      // When there is no room, the end of a delivery looks again.
      if (working.size >= concurrency) return;
      const work = attempt(row).finally(() => {
        working.delete(row.id);
        attemptDue();
      });
      working.set(row.id, work);
    }
  }

  async function attempt(row: Row): Promise<void> {
    const failed = await call(row).then(
      () => undefined,
      (thrown: unknown) => afterFailure(row, thrown),
    );
    if (failed === undefined) {
      store.query("DELETE FROM bus_delivery WHERE id = ?").run(row.id);
    } else if ("dueAtMs" in failed) {
      store
        .query("UPDATE bus_delivery SET retries = retries + 1, due_at_ms = ? WHERE id = ?")
        .run(failed.dueAtMs, row.id);
    } else {
      giveUp(row, failed);
    }
  }

  async function call({ rule_arn: ruleArn, target_arn: targetArn, event: text }: Row): Promise<void> {
    const refusal = refusalOf(ruleArn, targetArn);
    if (refusal) throw new NoPermissionError(refusal);
    const event: unknown = JSON.parse(text);
    const [, , service] = targetArn.split(":");
    if (service === "states") await targets.start(targetArn, event);
    else if (service === "lambda") await targets.invokeAsync(targetArn, event);
    else throw new NoSuchTargetError(`A target of the service "${service}" can't be reached here: ${targetArn}.`);
  }

  /** When to try again, or why not to. */
  function afterFailure(row: Row, thrown: unknown): { dueAtMs: number } | Failure {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (thrown instanceof NoSuchTargetError) return { code: "NO_RESOURCE", message };
    if (thrown instanceof NoPermissionError) return noPermission(message);
    const code = thrown instanceof Error && thrown.name !== "Error" ? thrown.name : "SDK_CLIENT_ERROR";
    if (row.retries >= row.maximum_attempts) return { code, message, exhausted: "MaximumRetryAttempts" };
    const backoffMs = Math.min(firstBackoffMs * 2 ** row.retries, longestBackoffMs);
    const dueAtMs = clock.now() + Math.round(backoffMs * (0.5 + random.next() / 2));
    const isTooOld = dueAtMs > row.created_at_ms + row.maximum_age_seconds * 1000;
    return isTooOld ? { code, message, exhausted: "MaximumEventAgeInSeconds" } : { dueAtMs };
  }

  function giveUp(row: Row, failure: Failure): void {
    store.transaction(() => {
      bury(toDelivery(row), row.retries, failure);
      store.query("DELETE FROM bus_delivery WHERE id = ?").run(row.id);
    });
  }

  // What an earlier process left behind.
  wakeAt(clock.now());

  return {
    deliver,
    pending: () => store.query<{ count: number }>("SELECT count(*) AS count FROM bus_delivery").get()!.count,
    busy: () =>
      working.size > 0 ||
      store.query("SELECT id FROM bus_delivery WHERE due_at_ms <= ? LIMIT 1").get(clock.now()) !== undefined,
    async stop() {
      stopped = true;
      wake?.timer.cancel();
      await Promise.all(working.values());
    },
  };
}

function toDelivery(row: Row): Delivery {
  return {
    ruleArn: row.rule_arn,
    targetArn: row.target_arn,
    deadLetters: row.dead_letters ?? undefined,
    maximumAttempts: row.maximum_attempts,
    maximumAgeSeconds: row.maximum_age_seconds,
    event: row.event,
  };
}

/** What SQS answered instead of taking the message. */
function failureOf(send: () => void): Failure | undefined {
  try {
    send();
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return { code: error.name, message: error.message };
    throw error;
  }
}

function noPermission(message: string): Failure {
  return { code: "NO_PERMISSIONS", message };
}

function isQueue(arn: string): boolean {
  return arn.split(":")[2] === "sqs";
}
