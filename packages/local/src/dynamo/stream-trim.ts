import Database from "libsql";
import type { Clock } from "../clock.ts";
import type { DiscardedRange, StreamCheckpoints } from "./stream-checkpoint.ts";
import type { StreamPosition } from "./stream-source.ts";

/** Removes consumed records from the engine's streams, which keeps them for ever and slows down with their number. */
export interface StreamTrimmer {
  /** Removes records before `sequence`, except the ranges. Answers how many went; 0 when the file was busy. */
  trim(tableName: string, sequence: string, keep: DiscardedRange[]): number;
  close(): void;
}

/** One round is short, since the engine waits for the lock meanwhile. */
const recordsPerRound = 500;
const maximumRanges = 50;

export function openStreamTrimmer(databasePath: string): StreamTrimmer {
  const database = new Database(databasePath);
  database.pragma("busy_timeout = 100");
  database.pragma("synchronous = NORMAL");
  return {
    trim(tableName, sequence, keep) {
      const ranges = keep.slice(-maximumRanges);
      const exceptions = ranges.map(() => "AND position NOT BETWEEN ? AND ?").join(" ");
      const statement = database.prepare(
        // The record at the checkpoint itself stays: the engine numbers the next one after the highest it finds.
        `DELETE FROM _stream_records WHERE id IN (
           SELECT id FROM
             (SELECT id, CAST(sequence_number AS INTEGER) AS position FROM _stream_records WHERE table_name = ?)
           WHERE position < ? ${exceptions} ORDER BY position LIMIT ${recordsPerRound}
         )`,
      );
      const values = [tableName, Number(sequence), ...ranges.flatMap(({ from, to }) => [Number(from), Number(to)])];
      try {
        return statement.run(...values).changes;
      } catch (error) {
        if (error instanceof Error && /busy|locked/i.test(error.message)) return 0;
        throw error;
      }
    },
    close: () => database.close(),
  };
}

/** Trims each stream up to where its slowest consumer has come. */
export interface StreamTrimming {
  /** Every consumer of a table must be known before the first of them makes progress. */
  watch(tableName: string, consumer: string): void;
  progress(tableName: string, consumer: string, position: StreamPosition): void;
  close(): void;
}

/** Trimming more often costs more than the records do. */
const recordsBetweenRounds = 200;
const keepDiscardedMs = 86_400_000;

export function createStreamTrimming(
  databasePath: string,
  checkpoints: StreamCheckpoints,
  clock: Clock,
  report: (error: unknown) => void,
): StreamTrimming {
  const trimmer = openStreamTrimmer(databasePath);
  const sequences = new Map<string, Map<string, number>>();
  const trimmedTo = new Map<string, number>();
  let isBroken = false;

  function trim(tableName: string, consumers: Map<string, number>): void {
    const slowest = Math.min(...consumers.values());
    if (slowest - (trimmedTo.get(tableName) ?? 0) < recordsBetweenRounds) return;
    trimmedTo.set(tableName, slowest);
    const sinceMs = clock.now() - keepDiscardedMs;
    const keep = [...consumers.keys()].flatMap((consumer) => checkpoints.discarded(consumer, sinceMs));
    trimmer.trim(tableName, String(slowest), keep);
  }

  return {
    watch(tableName, consumer) {
      const consumers = sequences.get(tableName) ?? new Map<string, number>();
      sequences.set(tableName, consumers.set(consumer, 0));
    },
    progress(tableName, consumer, { sequence }) {
      const consumers = sequences.get(tableName);
      if (!consumers || sequence === null || isBroken) return;
      consumers.set(consumer, Number(sequence));
      try {
        trim(tableName, consumers);
      } catch (error) {
        // The engine's file isn't as we know it: writes get slower with time, and everything else works.
        isBroken = true;
        report(error);
      }
    },
    close: () => trimmer.close(),
  };
}
