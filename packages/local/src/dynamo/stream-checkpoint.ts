import type { Store } from "../store.ts";
import type { StreamPosition } from "./stream-source.ts";

/** Records that were given up after their retries; kept in the stream for a day, as AWS would. */
export interface DiscardedRange {
  from: string;
  to: string;
}

/** How far each consumer has come in its stream, durable, so that a restart goes on exactly there. */
export interface StreamCheckpoints {
  load(consumer: string): StreamPosition | undefined;
  save(consumer: string, position: StreamPosition): void;
  discard(consumer: string, range: DiscardedRange, timeMs: number): void;
  discarded(consumer: string, sinceMs: number): DiscardedRange[];
  transaction(work: () => void): void;
}

const migrations = [
  `CREATE TABLE stream_checkpoint (consumer TEXT PRIMARY KEY, stream TEXT NOT NULL, shard TEXT NOT NULL, sequence TEXT)`,
  `CREATE TABLE stream_discard (
     consumer TEXT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL, time_ms INTEGER NOT NULL,
     PRIMARY KEY (consumer, first)
   )`,
];

export function openStreamCheckpoints(store: Store): StreamCheckpoints {
  store.migrate("stream", migrations);
  return {
    load: (consumer) =>
      store
        .query<StreamPosition>("SELECT stream, shard, sequence FROM stream_checkpoint WHERE consumer = ?")
        .get(consumer),
    save(consumer, { stream, shard, sequence }) {
      store
        .query("INSERT OR REPLACE INTO stream_checkpoint (consumer, stream, shard, sequence) VALUES (?, ?, ?, ?)")
        .run(consumer, stream, shard, sequence);
    },
    discard(consumer, { from, to }, timeMs) {
      store
        .query("INSERT OR REPLACE INTO stream_discard (consumer, first, last, time_ms) VALUES (?, ?, ?, ?)")
        .run(consumer, from, to, timeMs);
    },
    discarded(consumer, sinceMs) {
      store.query("DELETE FROM stream_discard WHERE time_ms < ?").run(sinceMs);
      return store
        .query<{ first: string; last: string }>("SELECT first, last FROM stream_discard WHERE consumer = ?")
        .all(consumer)
        .map(({ first, last }) => ({ from: first, to: last }));
    },
    transaction: (work) => store.transaction(work),
  };
}
