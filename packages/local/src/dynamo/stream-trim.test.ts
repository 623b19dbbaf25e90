import { afterAll, beforeAll, expect, it } from "vitest";
import { ManualClock } from "../clock.ts";
import { openStore } from "../store.ts";
import { table, temporaryFolder } from "../test/fixture.ts";
import { type Engine, startEngine } from "./engine.ts";
import { openStreamCheckpoints } from "./stream-checkpoint.ts";
import { openStreamSource, type StreamPosition } from "./stream-source.ts";
import { createStreamTrimming } from "./stream-trim.ts";
import { ensureTables } from "./table.ts";

const folder = temporaryFolder();
const checkpoints = openStreamCheckpoints(openStore(":memory:"));
const clock = new ManualClock();
let engine: Engine;

beforeAll(async () => {
  engine = await startEngine({ stateFolder: folder.path, environment: {} });
  await ensureTables(engine, [table("orders"), table("other")]);
});

afterAll(async () => {
  await engine.stop();
  folder.remove();
});

async function write(tableName: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const Item = { pk: { S: `k${index}` }, sk: { S: "1" } };
    await engine.call("DynamoDB_20120810.PutItem", { TableName: tableName, Item });
  }
}

async function sequences(tableName: string, from?: StreamPosition): Promise<number[]> {
  const source = openStreamSource(engine, tableName);
  const position = from ?? (await source.begin(undefined, "TRIM_HORIZON"));
  const { records } = await source.read(position);
  return records.map((record) => Number(record.dynamodb.SequenceNumber));
}

it("a stream loses what its slowest consumer has passed, except what was given up", async () => {
  const trimming = createStreamTrimming(engine.databasePath!, checkpoints, clock, (error) => {
    throw error;
  });
  await write("orders", 300);
  await write("other", 3);
  const at = (sequence: number): StreamPosition => ({ stream: "s", shard: "1", sequence: String(sequence) });
  trimming.watch("orders", "Fast");
  trimming.watch("orders", "Slow");
  checkpoints.discard("Slow", { from: "7", to: "8" }, clock.now());

  trimming.progress("orders", "Fast", at(290));
  expect(await sequences("orders")).toHaveLength(300);
  trimming.progress("orders", "Slow", at(250));
  expect(await sequences("orders")).toEqual([7, 8, ...Array.from({ length: 51 }, (_, index) => 250 + index)]);
  expect(await sequences("other")).toEqual([1, 2, 3]);
  trimming.close();
});

it("a trimmed stream is read on from a checkpoint, and numbers new records after the old ones", async () => {
  const trimming = createStreamTrimming(engine.databasePath!, checkpoints, clock, () => {});
  const source = openStreamSource(engine, "orders");
  const position = { ...(await source.begin(undefined, "TRIM_HORIZON")), sequence: "300" };
  trimming.watch("orders", "Only");
  trimming.progress("orders", "Only", position);
  await write("orders", 2);
  expect(await sequences("orders", position)).toEqual([301, 302]);
  trimming.close();
});

it("a consumer that starts at the end sees only what is written afterwards", async () => {
  const source = openStreamSource(engine, "other");
  const end = await source.begin(undefined, "LATEST");
  await write("other", 1);
  expect(await sequences("other", end)).toEqual([4]);
  expect(await source.begin(end, "TRIM_HORIZON")).toBe(end);
});

it("a position in a stream that is gone counts for nothing", async () => {
  const source = openStreamSource(engine, "other");
  const lost: StreamPosition = { stream: "another", shard: "x", sequence: "99" };
  expect(await source.begin(lost, "TRIM_HORIZON")).toMatchObject({ sequence: null });
});
