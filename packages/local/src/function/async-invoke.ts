import type { Topology } from "@cartwright/topology";
import { NoSuchTargetError } from "../bus/bus-delivery.ts";
import type { Clock, Timer } from "../clock.ts";
import type { Random } from "../random.ts";
import type { Store } from "../store.ts";
import type { FunctionError, Invoke } from "./invocation.ts";

export interface AsyncInvokerOptions {
  functions: Topology["functions"];
  store: Store;
  clock: Clock;
  random: Random;
  invoke: Invoke;
  /** Sends the record of a failed invocation to the function's onFailure destination. */
  sendFailure: (destinationArn: string, body: string) => void;
}

/** Lambda's asynchronous invocation: accepted means durable, and tried again when the function fails. */
export interface AsyncInvoker {
  /** Throws NoSuchTargetError when the function doesn't exist. */
  accept(functionArn: string, event: unknown): void;
  /** Whether an event is being handled, or could be at once; what waits for a retry doesn't count. */
  busy(): boolean;
  stop(): Promise<void>;
}

const migrations = [
  `CREATE TABLE async_invocation (
     id INTEGER PRIMARY KEY AUTOINCREMENT, function TEXT NOT NULL, event TEXT NOT NULL, attempts INTEGER NOT NULL,
     refusals INTEGER NOT NULL, accepted_at_ms INTEGER NOT NULL, due_at_ms INTEGER NOT NULL
   );
   CREATE INDEX async_invocation_by_due ON async_invocation (due_at_ms, id);`,
];

interface Row {
  id: number;
  function: string;
  event: string;
  attempts: number;
  refusals: number;
  accepted_at_ms: number;
  due_at_ms: number;
}

const defaultRetries = 2;
/** Lambda waits one minute before the first retry, and two before the second. */
const retryDelayMs = 60_000;
/** What Lambda itself refused to run (throttling) is tried again for six hours. */
const maximumAgeMs = 6 * 3_600_000;
const longestRefusalDelayMs = 300_000;
const concurrency = 16;

export function openAsyncInvoker(options: AsyncInvokerOptions): AsyncInvoker {
  const { store, clock } = options;
  store.migrate("async-invoke", migrations);
  const byArn = new Map(Object.values(options.functions).map((lambda) => [lambda.arn, lambda]));
  const working = new Map<number, Promise<void>>();
  let wake: Timer | undefined;
  let stopped = false;

  function lookSoon(atMs: number): void {
    if (stopped) return;
    wake?.cancel();
    wake = clock.setTimer(atMs, startDue);
  }

  function startDue(): void {
    if (stopped) return;
    const rows = store
      .query<Row>("SELECT * FROM async_invocation ORDER BY due_at_ms, id LIMIT ?")
      .all(concurrency + working.size);
    for (const row of rows.filter(({ id }) => !working.has(id))) {
      if (row.due_at_ms > clock.now()) {
        lookSoon(row.due_at_ms);
        return;
      }
      if (working.size >= concurrency) return;
      const work = attempt(row).finally(() => {
        working.delete(row.id);
        startDue();
      });
      working.set(row.id, work);
    }
  }

  async function attempt(row: Row): Promise<void> {
    const attempts = row.attempts + 1;
    try {
      const outcome = await options.invoke(row.function, JSON.parse(row.event));
      if (outcome.ok) return remove(row);
      const retries = byArn.get(row.function)?.asynchronous?.maximumRetries ?? defaultRetries;
      if (attempts > retries) return giveUp({ ...row, attempts }, "RetriesExhausted", outcome.error);
      postpone(row, { attempts, refusals: row.refusals, delayMs: retryDelayMs * attempts });
    } catch (refusal) {
      const error = { errorType: "Lambda.Unknown", errorMessage: String(refusal) };
      if (clock.now() - row.accepted_at_ms > maximumAgeMs) return giveUp(row, "EventAgeExceeded", error);
      const delayMs = Math.min(longestRefusalDelayMs, 1_000 * 2 ** row.refusals);
      postpone(row, { attempts: row.attempts, refusals: row.refusals + 1, delayMs });
    }
  }

  function postpone(row: Row, next: { attempts: number; refusals: number; delayMs: number }): void {
    store
      .query("UPDATE async_invocation SET attempts = ?, refusals = ?, due_at_ms = ? WHERE id = ?")
      .run(next.attempts, next.refusals, clock.now() + next.delayMs, row.id);
  }

  function giveUp(row: Row, condition: string, error: FunctionError): void {
    const destination = byArn.get(row.function)?.asynchronous?.onFailure;
    store.transaction(() => {
      if (destination) options.sendFailure(destination, failureRecord(row, condition, error));
      remove(row);
    });
  }

  /** The invocation record as Lambda documents it for destinations. */
  function failureRecord(row: Row, condition: string, error: FunctionError): string {
    return JSON.stringify({
      version: "1.0",
      timestamp: new Date(clock.now()).toISOString(),
      requestContext: {
        requestId: options.random.uuid(),
        functionArn: `${row.function}:$LATEST`,
        condition,
        approximateInvokeCount: row.attempts,
      },
      requestPayload: JSON.parse(row.event),
      responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
      responsePayload: error,
    });
  }

  function remove(row: Row): void {
    store.query("DELETE FROM async_invocation WHERE id = ?").run(row.id);
  }

  // What an earlier process left behind.
  lookSoon(clock.now());

  return {
    accept(functionArn, event) {
      if (!byArn.has(functionArn)) throw new NoSuchTargetError(`The function ${functionArn} does not exist.`);
      const nowMs = clock.now();
      store
        .query(
          `INSERT INTO async_invocation (function, event, attempts, refusals, accepted_at_ms, due_at_ms)
           VALUES (?, ?, 0, 0, ?, ?)`,
        )
        .run(functionArn, JSON.stringify(event ?? null), nowMs, nowMs);
      store.afterCommit(() => lookSoon(nowMs));
    },
    busy: () =>
      working.size > 0 ||
      store.query("SELECT id FROM async_invocation WHERE due_at_ms <= ? LIMIT 1").get(clock.now()) !== undefined,
    async stop() {
      stopped = true;
      wake?.cancel();
      await Promise.allSettled(working.values());
    },
  };
}
