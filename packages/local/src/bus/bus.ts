import { type Archive, type Bus, type EventPattern, matches, parsePattern, type Rule } from "@cartwright/topology";
import type { Clock } from "../clock.ts";
import { correlationIdsOf } from "../function/correlation.ts";
import { AwsError } from "../http/aws-error.ts";
import { chunksOf, type Meter } from "../meter/meter.ts";
import type { Queues } from "../queue/queue.ts";
import type { Random } from "../random.ts";
import type { Store } from "../store.ts";
import { type Delivery, openDeliveries, type RefusalOf, type TargetCalls } from "./bus-delivery.ts";
import { type ArchivedEvent, type ArchivePosition, openReplays, type Replay, type Replays } from "./replay.ts";

/** As the EventBridge API spells it. */
export interface PutEventsEntry {
  Source?: string;
  DetailType?: string;
  Detail?: string;
  /** ISO 8601, or seconds since 1970 as the SDK sends it. */
  Time?: string | number;
  Resources?: string[];
  EventBusName?: string;
  TraceHeader?: string;
}

export type PutEventsResultEntry = { EventId: string } | { ErrorCode: string; ErrorMessage: string };

export interface PutEventsResult {
  FailedEntryCount: number;
  Entries: PutEventsResultEntry[];
}

/** What rules match on and targets receive. */
export interface BusEvent {
  version: "0";
  id: string;
  "detail-type": string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: Record<string, unknown>;
  "replay-name"?: string;
}

export interface BusOptions {
  buses: Bus[];
  rules: Rule[];
  archives: Archive[];
  account: string;
  region: string;
  store: Store;
  queues: Queues;
  clock: Clock;
  random: Random;
  targets: TargetCalls;
  refusalOf?: RefusalOf;
  meter?: Meter;
  onError?: (error: unknown) => void;
  /** For tests: an error code fails the entry. */
  onPutEvents?: (entry: PutEventsEntry) => string | undefined;
}

export interface EventBus {
  /** Whatever has an EventId in the answer is durable: archived, enqueued, and pending for every other target. */
  putEvents(entries: PutEventsEntry[]): PutEventsResult;
  replays: Replays;
  /** By their own time. Names the archive by name or ARN. */
  archived(archive: string, range?: { fromMs?: number; toMs?: number; limit?: number }): BusEvent[];
  /** Deliveries that haven't reached their target yet. */
  pendingDeliveries(): number;
  /** Deliveries and replays that are being made right now; what waits for a retry doesn't count. */
  busy(): boolean;
  /** Makes no more deliveries, and waits for those under way. The rest is pending at the next start. */
  stop(): Promise<void>;
}

const migrations = [
  `CREATE TABLE bus_archived_event (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     archive TEXT NOT NULL,
     time_ms INTEGER NOT NULL,
     expires_at_ms INTEGER,
     event TEXT NOT NULL
   );
   CREATE INDEX bus_archived_event_by_time ON bus_archived_event (archive, time_ms, id);
   CREATE INDEX bus_archived_event_by_expiry ON bus_archived_event (archive, expires_at_ms);`,
];

const maximumEntries = 10;
/** The total size of a request's entries must stay below this. */
const maximumBytes = 262_144;
const dayMs = 86_400_000;

interface ParsedRule {
  name: string;
  arn: string;
  pattern: EventPattern;
  targets: Rule["targets"];
}

interface ParsedBus {
  bus: Bus;
  rules: ParsedRule[];
  archives: { archive: Archive; pattern: EventPattern | undefined }[];
}

/** EventBridge. Loading it refuses malformed patterns, naming the rule or archive. */
export function openBus(options: BusOptions): EventBus {
  const { store, clock, random, meter } = options;
  store.migrate("bus", migrations);
  const deliveries = openDeliveries(options);
  const buses = options.buses.map((bus) => parseBus(bus, options));

  function findBus(nameOrArn = "default"): ParsedBus | undefined {
    return buses.find(({ bus }) => bus.name === nameOrArn || bus.arn === nameOrArn);
  }

  function putEvents(entries: PutEventsEntry[]): PutEventsResult {
    checkRequest(entries);
    const results = store.transaction(() => entries.map(putEntry));
    return { FailedEntryCount: results.filter((result) => "ErrorCode" in result).length, Entries: results };
  }

  function putEntry(entry: PutEventsEntry): PutEventsResultEntry {
    const fault = options.onPutEvents?.(entry);
    if (fault !== undefined)
      return { ErrorCode: fault, ErrorMessage: `The entry failed with ${fault}, as it was told to.` };
    const refusal = refusalOf(entry);
    if (refusal) return refusal;
    const parsed = findBus(entry.EventBusName);
    if (!parsed) {
      const message = `Event bus ${entry.EventBusName ?? "default"} does not exist.`;
      return { ErrorCode: "ResourceNotFoundException", ErrorMessage: message };
    }
    const event = toEvent(entry);
    bill(parsed.bus, event, sizeOf(entry));
    archive(parsed, event);
    deliver(parsed.rules, event);
    return { EventId: event.id };
  }

  function toEvent(entry: PutEventsEntry): BusEvent {
    return {
      version: "0",
      id: random.uuid(),
      "detail-type": entry.DetailType!,
      source: entry.Source!,
      account: options.account,
      // EventBridge keeps whole seconds.
      time: `${new Date(timeMsOf(entry) ?? clock.now()).toISOString().slice(0, 19)}Z`,
      region: options.region,
      resources: entry.Resources ?? [],
      detail: JSON.parse(entry.Detail!),
    };
  }

  /** A replayed event is never archived again. */
  function archive({ archives }: ParsedBus, event: BusEvent): void {
    for (const { archive, pattern } of archives) {
      if (pattern && !matches(pattern, event)) continue;
      const expiresAtMs = archive.retentionDays ? clock.now() + archive.retentionDays * dayMs : null;
      store
        .query("INSERT INTO bus_archived_event (archive, time_ms, expires_at_ms, event) VALUES (?, ?, ?, ?)")
        .run(archive.name, Date.parse(event.time), expiresAtMs, JSON.stringify(event));
    }
  }

  function deliver(rules: ParsedRule[], event: BusEvent): void {
    const matching = rules.filter((rule) => matches(rule.pattern, event));
    if (matching.length === 0) return;
    const body = JSON.stringify(event);
    for (const rule of matching) {
      for (const target of rule.targets) deliveries.deliver(toDelivery(rule, target, body));
    }
  }

  function bill(bus: Bus, event: BusEvent, bytes: number): void {
    const correlationIds = correlationIdsOf(event);
    meter?.record("busEvents", { correlationIds, name: bus.name, amount: chunksOf(bytes) });
  }

  function findArchive(nameOrArn: string): Archive {
    const archive = options.archives.find(({ name, arn }) => name === nameOrArn || arn === nameOrArn);
    if (!archive) throw new AwsError("ResourceNotFoundException", `Archive ${nameOrArn} does not exist.`);
    store
      .query("DELETE FROM bus_archived_event WHERE archive = ? AND expires_at_ms <= ?")
      .run(archive.name, clock.now());
    return archive;
  }

  function readArchive(archive: Archive, after: ArchivePosition, toMs: number, limit: number): ArchivedEvent[] {
    return store
      .query<ArchivedEvent>(
        `SELECT id, time_ms, event FROM bus_archived_event
         WHERE archive = ? AND (time_ms, id) > (?, ?) AND time_ms <= ? ORDER BY time_ms, id LIMIT ?`,
      )
      .all(findArchive(archive.name).name, after.timeMs, after.id, toMs, limit);
  }

  /** Rules see the replay's name, as targets do. */
  function sendAgain({ name, bus: busArn, rules }: Replay, archived: ArchivedEvent): void {
    const parsed = findBus(busArn)!;
    const event: BusEvent = { ...JSON.parse(archived.event), "replay-name": name };
    bill(parsed.bus, event, Buffer.byteLength(archived.event));
    deliver(rules ? parsed.rules.filter(({ arn }) => rules.includes(arn)) : parsed.rules, event);
  }

  const replays = openReplays({
    store,
    clock,
    archives: options.archives,
    rulesOf(busArn) {
      const parsed = buses.find(({ bus }) => bus.arn === busArn);
      return parsed && rulesOf(parsed.bus, options).map((rule) => ruleArn(parsed.bus, rule, options));
    },
    read: readArchive,
    send: sendAgain,
  });

  return {
    putEvents,
    replays,
    archived(archive, { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER, limit = 1000 } = {}) {
      const rows = readArchive(findArchive(archive), { timeMs: fromMs, id: 0 }, toMs, limit);
      return rows.map((row): BusEvent => JSON.parse(row.event));
    },
    pendingDeliveries: deliveries.pending,
    busy: () => deliveries.busy() || replays.busy(),
    stop() {
      replays.close();
      return deliveries.stop();
    },
  };
}

function rulesOf(bus: Bus, { rules }: BusOptions): Rule[] {
  return rules.filter((rule) => rule.bus === bus.name || rule.bus === bus.arn);
}

export function ruleArn(bus: Bus, rule: Rule, { region, account }: Pick<BusOptions, "region" | "account">): string {
  return `arn:aws:events:${region}:${account}:rule/${bus.name === "default" ? "" : `${bus.name}/`}${rule.name}`;
}

function parseBus(bus: Bus, options: BusOptions): ParsedBus {
  const own = rulesOf(bus, options).filter((rule) => rule.enabled && rule.pattern);
  return {
    bus,
    rules: own.map((rule) => ({
      name: rule.name,
      arn: ruleArn(bus, rule, options),
      pattern: parsePattern(rule.pattern, `rule ${rule.name}`),
      targets: rule.targets,
    })),
    archives: options.archives
      .filter((archive) => archive.bus === bus.arn)
      .map((archive) => ({
        archive,
        pattern: archive.pattern && parsePattern(archive.pattern, `archive ${archive.name}`),
      })),
  };
}

function toDelivery(rule: ParsedRule, target: Rule["targets"][number], event: string): Delivery {
  return {
    ruleArn: rule.arn,
    targetArn: target.arn,
    deadLetters: target.deadLetters,
    maximumAttempts: target.retry?.maximumAttempts ?? 185,
    maximumAgeSeconds: target.retry?.maximumAgeSeconds ?? 86_400,
    event,
  };
}

/** What fails the whole request. */
function checkRequest(entries: PutEventsEntry[]): void {
  if (entries.length < 1 || entries.length > maximumEntries) {
    throw new AwsError(
      "ValidationException",
      `Entries must have 1 to ${maximumEntries} members, not ${entries.length}.`,
    );
  }
  const bytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
  if (bytes >= maximumBytes) {
    const message = `Total size of the entries in the request is over the limit: ${bytes} bytes, ${maximumBytes} allowed.`;
    throw new AwsError("ValidationException", message);
  }
}

/** What fails one entry. */
function refusalOf(entry: PutEventsEntry): { ErrorCode: string; ErrorMessage: string } | undefined {
  for (const parameter of ["Source", "DetailType", "Detail"] as const) {
    if (entry[parameter]) continue;
    const message = `Parameter ${parameter} is not valid. Reason: ${parameter} is a required argument.`;
    return { ErrorCode: "InvalidArgument", ErrorMessage: message };
  }
  if (entry.Source!.startsWith("aws.")) {
    return { ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source." };
  }
  if (entry.Time !== undefined && timeMsOf(entry) === undefined) {
    return { ErrorCode: "InvalidArgument", ErrorMessage: "Parameter Time is not valid. Reason: it is no time." };
  }
  return isJsonObject(entry.Detail!)
    ? undefined
    : { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
}

/** As the user guide's "Calculating PutEvents event entry size" computes it. */
function sizeOf(entry: PutEventsEntry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  const timeBytes = entry.Time === undefined ? 0 : 14;
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ""), timeBytes);
}

function timeMsOf({ Time: time }: PutEventsEntry): number | undefined {
  if (time === undefined) return undefined;
  const ms = typeof time === "number" ? time * 1000 : Date.parse(time);
  return Math.abs(ms) <= 8.64e15 ? ms : undefined;
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
