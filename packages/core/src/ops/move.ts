import { setTimeout as sleep } from "node:timers/promises";
import {
  ListMessageMoveTasksCommand,
  type ListMessageMoveTasksResultEntry,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { reaching } from "../aws-fault.ts";
import { DomainError } from "../error.ts";
import { sqs } from "./client.ts";
import { countLetters } from "./reading.ts";
import type { Redriven } from "./schema.ts";
import type { Subscriber } from "./subscriber.ts";

export class MoveFailedError extends DomainError {
  override name = "MoveFailedError";
  constructor(subscriber: string, { FailureReason, ApproximateNumberOfMessagesMoved: moved }: Task) {
    super(
      "unavailable",
      "move_failed",
      `SQS has stopped moving the letters of ${subscriber} after ${moved ?? 0} (${FailureReason ?? "no reason given"}): the others are still there`,
    );
  }
}

type Task = ListMessageMoveTasksResultEntry;
type Queue = Extract<Subscriber, { redrivesTo: "queue" }>;

const patienceMs = 10_000;
const pauseMs = 250;

/** SQS's clock and ours may differ by so much. */
const clockToleranceMs = 5_000;

/**
 * Has SQS itself move all letters of a queue: fast, and bounded by no call's time. A call starts a move, or joins the
 * one that runs, and follows it for ten seconds; `redriven` is what was moved meanwhile. `more` says that it still runs,
 * or that it had to leave out letters that somebody looks at. Answers `undefined` when a move since `asOf` has ended:
 * another one would take along what has failed again, so what is left is for the caller to read.
 */
export async function moveAll(
  subscriber: Queue,
  asOf: Date,
): Promise<Pick<Redriven, "examined" | "matched" | "redriven" | "more"> | undefined> {
  const latest = await current(subscriber);
  const joins = isRunning(latest);
  if (!joins && (latest?.StartedTimestamp ?? 0) >= asOf.getTime() - clockToleranceMs) return undefined;
  if (!joins) {
    if ((await countLetters(subscriber)).all === 0) return { examined: 0, matched: 0, redriven: 0, more: false };
    await start(subscriber);
  }
  const task = await follow(subscriber, joins ? undefined : latest);
  if (task?.Status === "FAILED") throw new MoveFailedError(subscriber.name, task);
  const moved = task?.ApproximateNumberOfMessagesMoved ?? 0;
  const count = Math.max(task?.ApproximateNumberOfMessagesToMove ?? 0, moved);
  const before = joins ? (latest?.ApproximateNumberOfMessagesMoved ?? 0) : 0;
  const more = !task || isRunning(task) || (await leaves(subscriber, joins));
  return { examined: count, matched: count, redriven: Math.max(0, moved - before), more };
}

/** A move that ran already takes what was there when it began; one of ours leaves only what is hidden. */
async function leaves(subscriber: Queue, joined: boolean): Promise<boolean> {
  const { all, hidden } = await countLetters(subscriber);
  return (joined ? all : hidden) > 0;
}

/** The latest move, once it has ended or patience has; `undefined` while SQS lists no later one than `earlier`. */
async function follow(subscriber: Queue, earlier: Task | undefined): Promise<Task | undefined> {
  for (const untilMs = performance.now() + patienceMs; ; ) {
    const latest = await current(subscriber);
    const task = latest?.StartedTimestamp === earlier?.StartedTimestamp ? undefined : latest;
    if ((task && !isRunning(task)) || performance.now() >= untilMs) return task;
    await sleep(pauseMs);
  }
}

/** The destination is named, because what a rule put into the queue by itself has no source to go back to. */
async function start({ arn, targetArn, name }: Queue): Promise<void> {
  const starting = sqs().send(new StartMessageMoveTaskCommand({ SourceArn: arn, DestinationArn: targetArn }));
  try {
    await reaching(`the dead letters of ${name}`, starting);
  } catch (error) {
    // Somebody was faster: one move at a time is all that SQS does, and theirs is as good as ours.
    if (!isRunning(await current({ arn, name }))) throw error;
  }
}

async function current({ arn, name }: Pick<Queue, "arn" | "name">): Promise<Task | undefined> {
  const listing = sqs().send(new ListMessageMoveTasksCommand({ SourceArn: arn, MaxResults: 1 }));
  return (await reaching(`the dead letters of ${name}`, listing)).Results?.[0];
}

function isRunning(task: Task | undefined): boolean {
  return task?.Status === "RUNNING" || task?.Status === "CANCELLING";
}
