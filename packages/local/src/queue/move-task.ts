import type { Clock, Timer } from "../clock.ts";
import { AwsError } from "../http/aws-error.ts";
import type { Random } from "../random.ts";
import type { Store } from "../store.ts";
import type { MoveObstacle, Queues } from "./queue.ts";

export interface MoveTask {
  id: string;
  source: string;
  destination: string | undefined;
  messagesPerSecond: number | undefined;
  status: "RUNNING" | "COMPLETED" | "CANCELLED" | "FAILED";
  moved: number;
  /** What could be received when the task began. */
  toMove: number;
  failure: MoveObstacle | undefined;
  startedAtMs: number;
}

export interface MoveTaskInput {
  source: string;
  destination?: string | undefined;
  /** 1 to 500; as fast as it goes otherwise. */
  messagesPerSecond?: number | undefined;
}

/** SQS's redrive of dead letters. Queues are named by ARN. */
export interface MoveTasks {
  /** Durable once it returns: a task that was running when a process ended goes on in the next. */
  start(input: MoveTaskInput): MoveTask;
  /** The latest first. */
  list(source: string, limit: number): MoveTask[];
  /** What has been moved stays moved; answers how much that is. */
  cancel(id: string): number;
  /** Whether messages are moved right now; a task that waits for its next second doesn't count. */
  busy(): boolean;
  close(): void;
}

interface Options {
  queues: Queues;
  store: Store;
  clock: Clock;
  random: Random;
}

const migrations = [
  `CREATE TABLE queue_move_task (
     number INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     source TEXT NOT NULL,
     destination TEXT,
     messages_per_second INTEGER,
     status TEXT NOT NULL,
     moved INTEGER NOT NULL,
     to_move INTEGER NOT NULL,
     failure TEXT,
     started_at_ms INTEGER NOT NULL
   );
   CREATE INDEX queue_move_task_by_source ON queue_move_task (source, number);`,
];

interface Row {
  id: string;
  source: string;
  destination: string | null;
  messages_per_second: number | null;
  status: MoveTask["status"];
  moved: number;
  to_move: number;
  failure: MoveObstacle | null;
  started_at_ms: number;
}

/** SQS tells of ten tasks of a queue at most. */
const keptTasks = 10;
/** So many in one transaction, so that requests get their turn. */
const messagesPerStep = 100;

/** The stacks have changed between two runs. */
const sourceIsGone = { moved: 0, obstacle: "AWS.SimpleQueueService.NonExistentQueue" as const };

export function openMoveTasks({ queues, store, clock, random }: Options): MoveTasks {
  store.migrate("queue-move-task", migrations);
  const steps = new Map<string, { atMs: number; timer: Timer }>();

  function start({ source, destination, messagesPerSecond }: MoveTaskInput): MoveTask {
    checkQueues(source, destination);
    const id = random.uuid();
    store.transaction(() => {
      if (running(source)) {
        throw new AwsError(
          "InvalidParameterValue",
          "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        );
      }
      store
        .query(
          `INSERT INTO queue_move_task (id, source, destination, messages_per_second, status, moved, to_move, started_at_ms)
           VALUES (?, ?, ?, ?, 'RUNNING', 0, ?, ?)`,
        )
        .run(id, source, destination ?? null, messagesPerSecond ?? null, queues.counts(source).visible, clock.now());
      forgetOld(source);
    });
    stepAt(id, clock.now());
    return find(id)!;
  }

  /** Only dead letters can be moved, as on AWS. */
  function checkQueues(source: string, destination: string | undefined): void {
    for (const [parameter, arn] of Object.entries({ SourceArn: source, DestinationArn: destination })) {
      if (arn !== undefined && !exists(arn)) throw notFound(parameter);
    }
    if (!queues.all().some(({ redrive }) => redrive?.deadLetters === source)) {
      throw new AwsError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.");
    }
    if (source !== destination) return;
    throw new AwsError("InvalidParameterValue", "Source queue arn and destination queue arn cannot be the same.");
  }

  function exists(arn: string): boolean {
    return queues.all().some((queue) => queue.arn === arn);
  }

  function stepAt(id: string, atMs: number): void {
    const timer = clock.setTimer(atMs, () => {
      steps.delete(id);
      step(id);
    });
    steps.set(id, { atMs, timer });
  }

  /** Messages and progress move in one transaction, so that a task goes on exactly where a process ended. */
  function step(id: string): void {
    const task = find(id);
    if (task?.status !== "RUNNING") return;
    const { source, destination, messagesPerSecond } = task;
    const limit = Math.min(messagesPerSecond ?? messagesPerStep, task.toMove - task.moved);
    const isOver = store.transaction(() => {
      const { moved, obstacle } = exists(source) ? queues.move(source, { destination, limit }) : sourceIsGone;
      const status = obstacle ? "FAILED" : moved < limit || task.moved + moved >= task.toMove ? "COMPLETED" : "RUNNING";
      store
        .query("UPDATE queue_move_task SET status = ?, moved = moved + ?, failure = ? WHERE id = ?")
        .run(status, moved, obstacle ?? null, id);
      return status !== "RUNNING";
    });
    if (!isOver) stepAt(id, clock.now() + (messagesPerSecond === undefined ? 0 : 1_000));
  }

  function find(id: string): MoveTask | undefined {
    const row = store.query<Row>("SELECT * FROM queue_move_task WHERE id = ?").get(id);
    return row && toTask(row);
  }

  function running(source: string): boolean {
    const sql = "SELECT id FROM queue_move_task WHERE source = ? AND status = 'RUNNING'";
    return store.query(sql).get(source) !== undefined;
  }

  function forgetOld(source: string): void {
    store
      .query(
        `DELETE FROM queue_move_task WHERE source = ?1 AND number NOT IN
           (SELECT number FROM queue_move_task WHERE source = ?1 ORDER BY number DESC LIMIT ${keptTasks})`,
      )
      .run(source);
  }

  // What an earlier process left unfinished.
  for (const { id } of store.query<Row>("SELECT * FROM queue_move_task WHERE status = 'RUNNING'").all()) {
    stepAt(id, clock.now());
  }

  return {
    start,
    list(source, limit) {
      if (!exists(source)) throw notFound("SourceArn");
      const sql = "SELECT * FROM queue_move_task WHERE source = ? ORDER BY number DESC LIMIT ?";
      return store.query<Row>(sql).all(source, limit).map(toTask);
    },
    cancel(id) {
      const task = find(id);
      if (task?.status !== "RUNNING") {
        throw new AwsError("ResourceNotFoundException", "Task does not exist, or is not running any more.");
      }
      steps.get(id)?.timer.cancel();
      steps.delete(id);
      store.query("UPDATE queue_move_task SET status = 'CANCELLED' WHERE id = ?").run(id);
      return task.moved;
    },
    busy: () => [...steps.values()].some(({ atMs }) => atMs <= clock.now()),
    close() {
      for (const { timer } of steps.values()) timer.cancel();
      steps.clear();
    },
  };
}

function notFound(parameter: string): AwsError {
  const message = `The resource that you specified for the ${parameter} parameter doesn't exist.`;
  return new AwsError("ResourceNotFoundException", message);
}

function toTask(row: Row): MoveTask {
  return {
    id: row.id,
    source: row.source,
    destination: row.destination ?? undefined,
    messagesPerSecond: row.messages_per_second ?? undefined,
    status: row.status,
    moved: row.moved,
    toMove: row.to_move,
    failure: row.failure ?? undefined,
    startedAtMs: row.started_at_ms,
  };
}
