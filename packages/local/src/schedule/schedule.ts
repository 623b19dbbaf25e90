import type { Schedule } from "@cartwright/topology";
import { NoSuchTargetError, type TargetCalls } from "../bus/bus-delivery.ts";
import type { Clock, Timer } from "../clock.ts";
import { AwsError } from "../http/aws-error.ts";
import type { Queues } from "../queue/queue.ts";
import type { Random } from "../random.ts";
import { parseSchedule, type Timetable } from "./schedule-expression.ts";

export interface SchedulesOptions {
  /** Keys are how `trigger` names them. */
  schedules: Record<string, Schedule>;
  account: string;
  region: string;
  queues: Queues;
  clock: Clock;
  random: Random;
  targets: TargetCalls;
  /** Why a schedule, by its key, can't reach its target; undefined when it can. */
  refusalOf?: (schedule: string, targetArn: string) => string | undefined;
}

export interface Schedules {
  /** Runs one now, besides its own times; resolves when its target has accepted it or its dead letters have. */
  trigger(name: string): Promise<void>;
  /** When each enabled schedule runs next, as milliseconds since 1970. */
  next(): Record<string, number | undefined>;
  /** Whether a target is being called; what waits for a retry doesn't count. */
  busy(): boolean;
  /** Runs nothing more. A retry that waits is given up: the next start has its own times. */
  stop(): Promise<void>;
}

interface Entry {
  name: string;
  schedule: Schedule;
  timetable: Timetable;
  nextMs: number | undefined;
  timer: Timer | undefined;
}

/** EventBridge Scheduler's defaults. */
const defaultAttempts = 185;
const defaultAgeSeconds = 86_400;
const firstBackoffMs = 1_000;
const longestBackoffMs = 600_000;

/** EventBridge Scheduler. A rate counts from this call; loading refuses malformed expressions, by name. */
export function startSchedules(options: SchedulesOptions): Schedules {
  const { clock, refusalOf = () => undefined } = options;
  const anchorMs = clock.now();
  const abort = new AbortController();
  const runs = new Set<Promise<void>>();
  let calls = 0;
  const entries = Object.entries(options.schedules).map(([name, schedule]): Entry => {
    const timetable = parseSchedule(schedule.expression, schedule.timezone, `schedule ${name}`);
    return { name, schedule, timetable, nextMs: undefined, timer: undefined };
  });

  function arm(entry: Entry): void {
    if (!entry.schedule.enabled || abort.signal.aborted) return;
    const dueMs = entry.timetable.next(clock.now(), anchorMs);
    entry.nextMs = dueMs;
    if (dueMs === undefined) return;
    entry.timer = clock.setTimer(dueMs, () => {
      void run(entry, dueMs);
      arm(entry);
    });
  }

  function run(entry: Entry, scheduledMs: number): Promise<void> {
    const work = deliver(entry, scheduledMs).finally(() => runs.delete(work));
    runs.add(work);
    return work;
  }

  async function deliver({ name, schedule }: Entry, scheduledMs: number): Promise<void> {
    const { target } = schedule;
    const executionId = options.random.uuid();
    const limit = target.retry?.maximumAttempts ?? defaultAttempts;
    const untilMs = scheduledMs + (target.retry?.maximumAgeSeconds ?? defaultAgeSeconds) * 1000;
    // Bounded by the retry policy.
    for (let retries = 0; ; retries++) {
      const input = fillIn(target.input ?? "{}", { schedule, scheduledMs, executionId, attempt: retries + 1 });
      const thrown = await attempt(name, target.arn, input);
      if (thrown === undefined) return;
      const pauseMs = Math.min(firstBackoffMs * 2 ** retries, longestBackoffMs) * (0.5 + options.random.next() / 2);
      const exhausted =
        retries >= limit
          ? "MaximumRetryAttempts"
          : clock.now() + pauseMs > untilMs
            ? "MaximumEventAgeInSeconds"
            : undefined;
      if (thrown instanceof NoSuchTargetError || exhausted !== undefined) {
        bury(schedule, { thrown, input, retries, exhausted, scheduledMs, executionId });
        return;
      }
      try {
        await clock.sleep(Math.round(pauseMs), abort.signal);
      } catch {
        return;
      }
    }
  }

  /** What was thrown, or undefined when the target accepted. */
  async function attempt(name: string, targetArn: string, input: string): Promise<unknown> {
    const refusal = refusalOf(name, targetArn);
    if (refusal) return new AwsError("AccessDeniedException", refusal);
    calls++;
    try {
      await call(targetArn, input);
      return undefined;
    } catch (thrown) {
      return thrown ?? new Error("The target failed without an error.");
    } finally {
      calls--;
    }
  }

  async function call(targetArn: string, input: string): Promise<void> {
    const [, , service] = targetArn.split(":");
    if (service === "lambda") await options.targets.invokeAsync(targetArn, parseInput(input));
    else if (service === "states") await options.targets.start(targetArn, parseInput(input));
    else if (service === "sqs") options.queues.send(targetArn, { body: input, senderId: "scheduler.amazonaws.com" });
    else throw new NoSuchTargetError(`A target of the service "${service}" can't be reached here: ${targetArn}.`);
  }

  function bury(schedule: Schedule, failed: Failed): void {
    const { target } = schedule;
    if (target.deadLetters === undefined) return;
    const { thrown, exhausted } = failed;
    const attributes = {
      ERROR_CODE: thrown instanceof Error ? thrown.name : "Error",
      ERROR_MESSAGE: thrown instanceof Error ? thrown.message : String(thrown),
      EXECUTION_ID: failed.executionId,
      IS_PAYLOAD_TRUNCATED: "false",
      RETRY_ATTEMPTS: String(failed.retries),
      SCHEDULED_TIME: isoSeconds(failed.scheduledMs),
      SCHEDULE_ARN: arnOf(schedule),
      TARGET_ARN: target.arn,
      ...(exhausted !== undefined && { EXHAUSTED_RETRY_CONDITION: exhausted }),
    };
    const typed = Object.entries(attributes).map(([name, value]) => [name, { DataType: "String", StringValue: value }]);
    options.queues.send(target.deadLetters, {
      body: failed.input,
      attributes: Object.fromEntries(typed),
      senderId: "scheduler.amazonaws.com",
    });
  }

  function arnOf(schedule: Schedule): string {
    return `arn:aws:scheduler:${options.region}:${options.account}:schedule/default/${schedule.name}`;
  }

  /** The context attributes that an input may name. */
  function fillIn(
    input: string,
    run: { schedule: Schedule; scheduledMs: number; executionId: string; attempt: number },
  ) {
    return input
      .replaceAll("<aws.scheduler.schedule-arn>", arnOf(run.schedule))
      .replaceAll("<aws.scheduler.scheduled-time>", isoSeconds(run.scheduledMs))
      .replaceAll("<aws.scheduler.execution-id>", run.executionId)
      .replaceAll("<aws.scheduler.attempt-number>", String(run.attempt));
  }

  for (const entry of entries) arm(entry);

  return {
    async trigger(name) {
      const entry = entries.find((each) => each.name === name || each.schedule.name === name);
      if (!entry)
        throw new Error(`There is no schedule ${name}; there are: ${entries.map((each) => each.name).join(", ")}.`);
      await run(entry, clock.now());
    },
    next: () =>
      Object.fromEntries(entries.filter(({ schedule }) => schedule.enabled).map(({ name, nextMs }) => [name, nextMs])),
    busy: () => calls > 0,
    async stop() {
      abort.abort();
      for (const entry of entries) entry.timer?.cancel();
      await Promise.all(runs);
    },
  };
}

interface Failed {
  thrown: unknown;
  input: string;
  retries: number;
  exhausted: string | undefined;
  scheduledMs: number;
  executionId: string;
}

function parseInput(input: string): unknown {
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
}

function isoSeconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}
