import type { Archive } from "@cartwright/topology";
import type { Clock, Timer } from "../clock.ts";
import { AwsError } from "../http/aws-error.ts";
import type { Store } from "../store.ts";

export interface Replay {
  name: string;
  description: string | undefined;
  /** ARNs, as those of the rules. */
  archive: string;
  bus: string;
  rules: string[] | undefined;
  fromMs: number;
  toMs: number;
  state: "STARTING" | "RUNNING" | "COMPLETED" | "CANCELLED" | "FAILED";
  stateReason: string | undefined;
  startedAtMs: number;
  endedAtMs: number | undefined;
  /** The own time of the last event that was sent again. */
  lastReplayedMs: number | undefined;
  /** How many were sent again. */
  events: number;
}

export interface ReplayInput {
  name: string;
  description?: string | undefined;
  archive: string;
  bus: string;
  /** The rules to deliver to; all rules of the bus otherwise. */
  rules?: string[] | undefined;
  /** Of the events' own time; both ends inclusive. */
  fromMs: number;
  toMs: number;
}

/** EventBridge's replays of archived events, each marked with `replay-name`. */
export interface Replays {
  /** Durable once it returns: what a process didn't finish goes on in the next, behind the last event that was sent. */
  start(input: ReplayInput): Replay;
  describe(name: string): Replay;
  /** The latest first. */
  list(): Replay[];
  cancel(name: string): void;
  /** Whether events are being sent again. */
  busy(): boolean;
  close(): void;
}

/** A place in an archive: behind an event. */
export interface ArchivePosition {
  timeMs: number;
  id: number;
}

export interface ArchivedEvent {
  id: number;
  time_ms: number;
  event: string;
}

interface Options {
  store: Store;
  clock: Clock;
  archives: Archive[];
  /** ARNs of the rules of a bus, enabled or not; undefined when there is no such bus. */
  rulesOf(bus: string): string[] | undefined;
  read(archive: Archive, after: ArchivePosition, toMs: number, limit: number): ArchivedEvent[];
  /** Within the transaction that moves the replay on. */
  send(replay: Replay, event: ArchivedEvent): void;
}

const migrations = [
  `CREATE TABLE bus_replay (
     name TEXT PRIMARY KEY,
     description TEXT,
     archive TEXT NOT NULL,
     bus TEXT NOT NULL,
     rules TEXT,
     from_ms INTEGER NOT NULL,
     to_ms INTEGER NOT NULL,
     state TEXT NOT NULL,
     state_reason TEXT,
     started_at_ms INTEGER NOT NULL,
     ended_at_ms INTEGER,
     last_replayed_ms INTEGER,
     after_time_ms INTEGER NOT NULL,
     after_id INTEGER NOT NULL,
     events INTEGER NOT NULL
   );`,
];

interface Row {
  name: string;
  description: string | null;
  archive: string;
  bus: string;
  rules: string | null;
  from_ms: number;
  to_ms: number;
  state: Replay["state"];
  state_reason: string | null;
  started_at_ms: number;
  ended_at_ms: number | null;
  last_replayed_ms: number | null;
  after_time_ms: number;
  after_id: number;
  events: number;
}

/** A page is a transaction, so that a long replay keeps none of its predecessors in memory, and requests get their turn. */
const page = 200;
/** EventBridge's quota of a region, and how long it remembers a replay that has ended. */
const maximumRunning = 10;
const keepEndedMs = 90 * 86_400_000;

export function openReplays(options: Options): Replays {
  const { store, clock, archives } = options;
  store.migrate("bus-replay", migrations);
  const steps = new Map<string, Timer>();

  function start(input: ReplayInput): Replay {
    check(input);
    store.transaction(() => {
      store.query("DELETE FROM bus_replay WHERE ended_at_ms <= ?").run(clock.now() - keepEndedMs);
      if (find(input.name)) {
        throw new AwsError("ResourceAlreadyExistsException", `Replay ${input.name} already exists.`);
      }
      if (unfinished().length >= maximumRunning) {
        throw new AwsError("LimitExceededException", `At most ${maximumRunning} replays run at a time.`);
      }
      store
        .query(
          `INSERT INTO bus_replay (name, description, archive, bus, rules, from_ms, to_ms, state, started_at_ms,
             after_time_ms, after_id, events) VALUES (?, ?, ?, ?, ?, ?, ?, 'STARTING', ?, ?, 0, 0)`,
        )
        .run(
          input.name,
          input.description ?? null,
          input.archive,
          input.bus,
          input.rules ? JSON.stringify(input.rules) : null,
          input.fromMs,
          input.toMs,
          clock.now(),
          input.fromMs,
        );
    });
    stepSoon(input.name);
    return describe(input.name);
  }

  function check({ archive: archiveArn, bus, rules, fromMs, toMs }: ReplayInput): void {
    const known = options.rulesOf(bus);
    if (!/^arn:[^:]+:events:[^:]*:[^:]*:event-bus\//.test(bus)) {
      throw invalid("Destination.Arn", "Must contain an event bus ARN.");
    }
    if (!known) throw new AwsError("ResourceNotFoundException", `Event bus ${nameOf(bus)} does not exist.`);
    const archive = archives.find(({ arn }) => arn === archiveArn);
    if (!archive) throw invalid("EventSourceArn", `Archive ${nameOf(archiveArn)} does not exist.`);
    if (archive.bus !== bus) throw invalid("Destination.Arn", "Cross event bus replay is not permitted.");
    if (fromMs >= toMs) throw invalid("EventEndTime", "EventStartTime must be before EventEndTime.");
    const unknown = rules?.find((rule) => !known.includes(rule));
    if (unknown === undefined) return;
    throw new AwsError("ResourceNotFoundException", `Rule ${nameOf(unknown)} does not exist on ${nameOf(bus)}.`);
  }

  function stepSoon(name: string): void {
    const timer = clock.setTimer(clock.now(), () => {
      steps.delete(name);
      step(name);
    });
    steps.set(name, timer);
  }

  /** Events and progress in one transaction, so that each event is sent once however often the process ends. */
  function step(name: string): void {
    const row = find(name);
    if (!row || isOver(row)) return;
    const archive = archives.find(({ arn }) => arn === row.archive);
    if (!archive || !options.rulesOf(row.bus)) {
      end(name, "FAILED", "The archive or the event bus does not exist any more.");
      return;
    }
    const after = { timeMs: row.after_time_ms, id: row.after_id };
    store.transaction(() => {
      const events = options.read(archive, after, row.to_ms, page);
      for (const event of events) options.send(toReplay(row), event);
      const last = events.at(-1);
      if (last) {
        store
          .query(
            `UPDATE bus_replay SET state = 'RUNNING', after_time_ms = ?1, after_id = ?2, last_replayed_ms = ?1,
               events = events + ?3 WHERE name = ?4`,
          )
          .run(last.time_ms, last.id, events.length, name);
      }
      if (events.length < page) end(name, "COMPLETED");
      else store.afterCommit(() => stepSoon(name));
    });
  }

  function end(name: string, state: Replay["state"], reason?: string): void {
    store
      .query("UPDATE bus_replay SET state = ?, state_reason = ?, ended_at_ms = ? WHERE name = ?")
      .run(state, reason ?? null, clock.now(), name);
  }

  function find(name: string): Row | undefined {
    return store.query<Row>("SELECT * FROM bus_replay WHERE name = ?").get(name);
  }

  function unfinished(): Row[] {
    return store.query<Row>("SELECT * FROM bus_replay WHERE state IN ('STARTING', 'RUNNING')").all();
  }

  function describe(name: string): Replay {
    const row = find(name);
    if (row) return toReplay(row);
    throw new AwsError("ResourceNotFoundException", `Replay ${name} does not exist.`);
  }

  // What an earlier process left unfinished.
  for (const { name } of unfinished()) stepSoon(name);

  return {
    start,
    describe,
    list: () => store.query<Row>("SELECT * FROM bus_replay ORDER BY started_at_ms DESC, name").all().map(toReplay),
    cancel(name) {
      if (isOver(describe(name))) {
        throw new AwsError("IllegalStatusException", `Replay ${name} is not in a valid state for this operation.`);
      }
      steps.get(name)?.cancel();
      steps.delete(name);
      end(name, "CANCELLED");
    },
    busy: () => steps.size > 0,
    close() {
      for (const timer of steps.values()) timer.cancel();
      steps.clear();
    },
  };
}

function isOver({ state }: { state: Replay["state"] }): boolean {
  return state !== "STARTING" && state !== "RUNNING";
}

function invalid(parameter: string, reason: string): AwsError {
  return new AwsError("ValidationException", `Parameter ${parameter} is not valid. Reason: ${reason}`);
}

function nameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

function toReplay(row: Row): Replay {
  return {
    name: row.name,
    description: row.description ?? undefined,
    archive: row.archive,
    bus: row.bus,
    rules: row.rules === null ? undefined : JSON.parse(row.rules),
    fromMs: row.from_ms,
    toMs: row.to_ms,
    state: row.state,
    stateReason: row.state_reason ?? undefined,
    startedAtMs: row.started_at_ms,
    endedAtMs: row.ended_at_ms ?? undefined,
    lastReplayedMs: row.last_replayed_ms ?? undefined,
    events: row.events,
  };
}
