import { type Clock, systemClock } from "../clock.ts";
import type { Engine } from "./engine.ts";

/** A record as GetRecords answers it; images stay in DynamoDB's own JSON. */
export interface StreamRecord {
  eventID: string;
  eventName: string;
  dynamodb: { SequenceNumber: string; ApproximateCreationDateTime: number; [field: string]: unknown };
  [field: string]: unknown;
}

/** A place in a stream: behind a record, or at the beginning of a shard. */
export interface StreamPosition {
  /** A table that was created anew has a new stream. */
  stream: string;
  shard: string;
  sequence: string | null;
}

interface Shard {
  ShardId: string;
}

const maximumRecords = 1_000;

/** Reads the stream of a table on the engine, shard by shard. */
export interface StreamSource {
  /** The place to begin at: `saved` if it belongs to the stream that exists, otherwise the stream's beginning or end. */
  begin(saved: StreamPosition | undefined, from: "LATEST" | "TRIM_HORIZON"): Promise<StreamPosition>;
  /** Records behind a position. `position` moves on without records only when a shard has come to its end. */
  read(position: StreamPosition): Promise<{ records: StreamRecord[]; position: StreamPosition }>;
}

export function openStreamSource(engine: Engine, tableName: string, clock: Clock = systemClock): StreamSource {
  const call = (operation: string, input: unknown) => engine.call(`DynamoDBStreams_20120810.${operation}`, input);

  async function shardsOf(stream: string): Promise<Shard[]> {
    const output = await call("DescribeStream", { StreamArn: stream });
    return (output.StreamDescription as { Shards: Shard[] }).Shards;
  }

  /** The engine goes by the machine's time, which the runtime's may have been put ahead of. */
  function byOurClock(record: StreamRecord): StreamRecord {
    const aheadSeconds = (clock.now() - systemClock.now()) / 1000;
    const ApproximateCreationDateTime = record.dynamodb.ApproximateCreationDateTime + aheadSeconds;
    return { ...record, dynamodb: { ...record.dynamodb, ApproximateCreationDateTime } };
  }

  async function read(position: StreamPosition) {
    const iterator = await call("GetShardIterator", {
      StreamArn: position.stream,
      ShardId: position.shard,
      ...(position.sequence === null
        ? { ShardIteratorType: "TRIM_HORIZON" }
        : { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber: position.sequence }),
    });
    const output = await call("GetRecords", { ShardIterator: iterator.ShardIterator, Limit: maximumRecords });
    const records = (output.Records as StreamRecord[]).map(byOurClock);
    if (records.length > 0 || output.NextShardIterator) return { records, position };
    // The shard is closed and read to its end: go on in the one that follows it.
    const shards = await shardsOf(position.stream);
    const next = shards[shards.findIndex((shard) => shard.ShardId === position.shard) + 1];
    return { records, position: next ? { ...position, shard: next.ShardId, sequence: null } : position };
  }

  async function begin(saved: StreamPosition | undefined, from: "LATEST" | "TRIM_HORIZON"): Promise<StreamPosition> {
    const description = await engine.call("DynamoDB_20120810.DescribeTable", { TableName: tableName });
    const stream = (description.Table as { LatestStreamArn?: string }).LatestStreamArn;
    if (!stream) throw new Error(`The table ${tableName} has no stream, though a mapping reads it.`);
    if (saved?.stream === stream) return saved;
    const first = (await shardsOf(stream))[0];
    if (!first) throw new Error(`The stream of the table ${tableName} has no shard.`);
    const start: StreamPosition = { stream, shard: first.ShardId, sequence: null };
    return from === "LATEST" ? endOf(start) : start;
  }

  async function endOf(start: StreamPosition): Promise<StreamPosition> {
    let position = start;
    for (;;) {
      const next = await read(position);
      const last = next.records.at(-1);
      if (!last && next.position === position) return position;
      position = last ? { ...position, sequence: last.dynamodb.SequenceNumber } : next.position;
    }
  }

  return { begin, read };
}
