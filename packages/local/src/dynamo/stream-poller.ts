import { type Mapping, matches, parsePattern, type Table } from "@cartwright/topology";
import type { Clock } from "../clock.ts";
import type { Invocation } from "../function/invocation.ts";
import type { Random } from "../random.ts";
import type { StreamCheckpoints } from "./stream-checkpoint.ts";
import type { StreamPosition, StreamRecord, StreamSource } from "./stream-source.ts";

export interface StreamPollerOptions {
  /** Logical name of the mapping; its progress is kept under it. */
  name: string;
  mapping: Mapping;
  table: Table;
  region: string;
  source: StreamSource;
  checkpoints: StreamCheckpoints;
  clock: Clock;
  random: Random;
  invoke: (functionArn: string, event: unknown) => Promise<Invocation>;
  /** Sends the description of records that were given up to the mapping's onFailure destination. */
  sendFailure: (destinationArn: string, body: string) => void;
  /** A batch is handed to the function, or would be if it were not refused; its last record is so old. */
  onBatch?: (ageMs: number) => void;
  onProgress?: (position: StreamPosition) => void;
  onError?: (error: unknown) => void;
}

/** The Lambda event source mapping of a table's stream. */
export interface StreamPoller {
  /** Something was written: don't wait for the next slow poll. */
  wake(): void;
  /** Whether records are being handled, or may be there unread. */
  busy(): boolean;
  /** How far it has come; undefined before its first read. */
  position(): StreamPosition | undefined;
  /** Finishes the batch in hand. */
  stop(): Promise<void>;
}

/** Writes wake us; this is for those that didn't come through our endpoint. */
const slowPollMs = 5_000;
const shortestBackoffMs = 100;
const longestBackoffMs = 10_000;

type Verdict = { kind: "done" } | { kind: "failed"; index: number } | { kind: "split" } | { kind: "refused" };

export function startStreamPoller(options: StreamPollerOptions): StreamPoller {
  const { mapping, clock, source, checkpoints } = options;
  const filters = mapping.filters?.map((filter, index) =>
    parsePattern(filter, `filter ${index} of the mapping ${options.name}`),
  );
  const stopping = new AbortController();
  let position: StreamPosition | undefined;
  let dirty = true;
  let working = false;
  let ring = () => {};

  function isWanted(record: StreamRecord): boolean {
    return !filters?.length || filters.some((filter) => matches(filter, record));
  }

  function advance(sequence: string): void {
    if (!position) return;
    position = { ...position, sequence };
    checkpoints.save(options.name, position);
    options.onProgress?.(position);
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        const progress = await round();
        failures = 0;
        if (!progress && !dirty) await pause(slowPollMs);
      } catch (error) {
        // The engine doesn't answer, or this is a bug; either way the records are safe where they are.
        if (stopping.signal.aborted) return;
        options.onError?.(error);
        dirty = true;
        await pause(backoffMs(failures++));
      } finally {
        working = false;
      }
    }
  }

  async function begin(): Promise<StreamPosition> {
    const saved = checkpoints.load(options.name);
    const start = await source.begin(saved, mapping.startingPosition ?? "LATEST");
    // A mapping that began at the end must not skip, at its next start, what was written meanwhile.
    if (start !== saved) checkpoints.save(options.name, start);
    return start;
  }

  /** Reads once and handles what came. Answers whether there may be more right behind it. */
  async function round(): Promise<boolean> {
    dirty = false;
    working = true;
    position ??= await begin();
    let read = await source.read(position);
    const isPartial = read.records.filter(isWanted).length < mapping.batchSize;
    if (read.records.length > 0 && isPartial && mapping.windowSeconds > 0) {
      await clock.sleep(mapping.windowSeconds * 1000, stopping.signal);
      read = await source.read(position);
    }
    const moved = read.position !== position;
    position = read.position;
    if (read.records.length === 0) return moved;
    await handle(read.records);
    return true;
  }

  /** Cuts the records into batches of wanted ones; those between and behind them count as handled with their batch. */
  async function handle(records: StreamRecord[]): Promise<void> {
    let batch: StreamRecord[] = [];
    for (const [index, record] of records.entries()) {
      if (isWanted(record)) batch.push(record);
      if (batch.length < mapping.batchSize && index < records.length - 1) continue;
      if (batch.length > 0 && !(await deliver(batch))) return;
      advance(record.dynamodb.SequenceNumber);
      batch = [];
    }
  }

  /** Delivers a batch in order until each record has succeeded or was given up. False when it was interrupted. */
  async function deliver(batch: StreamRecord[]): Promise<boolean> {
    const pending = [batch];
    let failures = 0;
    let waits = 0;
    while (pending[0]) {
      if (stopping.signal.aborted) return false;
      const current = withoutExpired(pending[0], failures);
      if (current.length === 0) {
        pending.shift();
        failures = 0;
        continue;
      }
      const verdict = await attempt(current);
      if (verdict.kind === "done") {
        advance(sequenceOf(current.at(-1)!));
        pending.shift();
        failures = 0;
        waits = 0;
        continue;
      }
      if (verdict.kind === "failed" && verdict.index > 0) {
        advance(sequenceOf(current[verdict.index - 1]!));
        pending[0] = current.slice(verdict.index);
        failures = 1;
        waits = 0;
      } else if (current.length > 1 && (verdict.kind === "split" || (verdict.kind === "failed" && mapping.bisect))) {
        // A split costs no retry; it isolates the record that fails, so that its neighbours can pass.
        const middle = Math.ceil(current.length / 2);
        pending.splice(0, 1, current.slice(0, middle), current.slice(middle));
        continue;
      } else {
        pending[0] = current;
        // Lambda that refuses to run the function at all is waited for, up to the records' maximum age.
        if (verdict.kind !== "refused") failures++;
      }
      if (isExhausted(failures)) {
        giveUp(pending[0], "RetryAttemptsExhausted", failures);
        pending.shift();
        failures = 0;
        waits = 0;
      } else await pause(backoffMs(waits++), false);
    }
    return true;
  }

  function isExhausted(failures: number): boolean {
    const limit = mapping.maximumRetries ?? -1;
    return limit >= 0 && failures > limit;
  }

  function withoutExpired(records: StreamRecord[], attempts: number): StreamRecord[] {
    const limitSeconds = mapping.maximumAgeSeconds ?? -1;
    if (limitSeconds < 0) return records;
    const isExpired = (record: StreamRecord) =>
      clock.now() - record.dynamodb.ApproximateCreationDateTime * 1000 > limitSeconds * 1000;
    const alive = records.findIndex((record) => !isExpired(record));
    const expired = alive === -1 ? records : records.slice(0, alive);
    if (expired.length > 0) giveUp(expired, "RecordAgeExceeded", attempts);
    return records.slice(expired.length);
  }

  async function attempt(records: StreamRecord[]): Promise<Verdict> {
    options.onBatch?.(clock.now() - records.at(-1)!.dynamodb.ApproximateCreationDateTime * 1_000);
    try {
      const outcome = await options.invoke(mapping.function, { Records: records.map(lambdaRecord) });
      if (!outcome.ok) return { kind: "failed", index: 0 };
      return mapping.partialResponses ? verdictOf(outcome.payload, records) : { kind: "done" };
    } catch (error) {
      options.onError?.(error);
      const isTooLarge = error instanceof Error && error.name === "Lambda.RequestTooLargeException";
      if (isTooLarge) return records.length > 1 ? { kind: "split" } : { kind: "failed", index: 0 };
      return { kind: "refused" };
    }
  }

  function lambdaRecord(record: StreamRecord): StreamRecord {
    return { ...record, awsRegion: options.region, eventSourceARN: mapping.source };
  }

  /** One transaction, so that the records are either still to be handled or known to whoever must look at them. */
  function giveUp(records: StreamRecord[], condition: string, attempts: number): void {
    const range = { from: sequenceOf(records[0]!), to: sequenceOf(records.at(-1)!) };
    checkpoints.transaction(() => {
      checkpoints.discard(options.name, range, clock.now());
      if (mapping.onFailure) options.sendFailure(mapping.onFailure, failureMessage(records, condition, attempts));
      advance(range.to);
    });
  }

  /** The invocation record that Lambda documents for DynamoDB streams: it names the records, it doesn't hold them. */
  function failureMessage(records: StreamRecord[], condition: string, attempts: number): string {
    const arrival = (record: StreamRecord) =>
      new Date(record.dynamodb.ApproximateCreationDateTime * 1000).toISOString().replace(".000Z", "Z");
    return JSON.stringify({
      requestContext: {
        requestId: options.random.uuid(),
        functionArn: mapping.function,
        condition,
        approximateInvokeCount: attempts,
      },
      responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
      version: "1.0",
      timestamp: new Date(clock.now()).toISOString(),
      DDBStreamBatchInfo: {
        shardId: position?.shard,
        startSequenceNumber: sequenceOf(records[0]!),
        endSequenceNumber: sequenceOf(records.at(-1)!),
        approximateArrivalOfFirstRecord: arrival(records[0]!),
        approximateArrivalOfLastRecord: arrival(records.at(-1)!),
        batchSize: records.length,
        streamArn: mapping.source,
      },
    });
  }

  /** Full jitter, so that mappings that failed together don't come back together. */
  function backoffMs(failures: number): number {
    const ceilingMs = Math.min(longestBackoffMs, shortestBackoffMs * 2 ** failures);
    return ceilingMs / 2 + (options.random.next() * ceilingMs) / 2;
  }

  /** Ends early at a stop, and at a write if that is what is waited for. */
  function pause(ms: number, untilWoken = true): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        stopping.signal.removeEventListener("abort", done);
        if (untilWoken) ring = () => {};
        resolve();
      };
      if (stopping.signal.aborted) return resolve();
      const timer = clock.setTimer(clock.now() + ms, done);
      stopping.signal.addEventListener("abort", done, { once: true });
      if (untilWoken) {
        working = false;
        ring = done;
      }
    });
  }

  const running = run();
  return {
    wake() {
      dirty = true;
      ring();
    },
    busy: () => dirty || working,
    position: () => position,
    async stop() {
      stopping.abort(new Error("The stream poller was stopped."));
      await running;
    },
  };
}

function sequenceOf(record: StreamRecord): string {
  return record.dynamodb.SequenceNumber;
}

/**
 * A partial response names records by sequence number; everything from the lowest one on is tried again. A response
 * that can't be read, or that names none of these records, fails the whole batch (Lambda's rule).
 */
function verdictOf(payload: unknown, records: StreamRecord[]): Verdict {
  if (payload === null || payload === undefined) return { kind: "done" };
  const failures = (payload as { batchItemFailures?: unknown }).batchItemFailures;
  if (failures === undefined || failures === null) return { kind: "done" };
  if (!Array.isArray(failures)) return { kind: "failed", index: 0 };
  if (failures.length === 0) return { kind: "done" };
  const indexes = failures.map((failure: { itemIdentifier?: unknown } | null) =>
    records.findIndex((record) => sequenceOf(record) === failure?.itemIdentifier),
  );
  return { kind: "failed", index: Math.max(0, Math.min(...indexes)) };
}
