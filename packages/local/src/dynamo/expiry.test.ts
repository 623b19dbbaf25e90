import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { SkippingClock } from "../clock.ts";
import { until } from "../test/child.ts";
import { hashTable, table, temporaryFolder } from "../test/fixture.ts";
import { type Engine, startEngine } from "./engine.ts";
import { type Expiry, startExpiry } from "./expiry.ts";
import { ensureTables } from "./table.ts";

const folder = temporaryFolder();
const carts = table("carts", { ttl: "expiresAt" });
const tokens = hashTable("tokens", { ttl: "ttl" });
const dynamo = "DynamoDB_20120810.";
let engine: Engine;
let expiry: Expiry;
let clock: SkippingClock;
let errors: unknown[] = [];
let woken: string[] = [];

beforeAll(async () => {
  engine = await startEngine({ stateFolder: folder.path, environment: {} });
  await ensureTables(engine, [carts, tokens]);
});
afterEach(async () => {
  await expiry.stop();
  expect(errors).toEqual([]);
});
afterAll(async () => {
  await engine.stop();
  folder.remove();
});

function start(over: Engine = engine): void {
  errors = [];
  woken = [];
  clock = new SkippingClock();
  expiry = startExpiry({
    engine: over,
    tables: [carts, tokens],
    clock,
    onDeleted: (name) => woken.push(name),
    onError: (error) => errors.push(error),
  });
}

const inSeconds = (seconds: number) => ({ N: String(Math.floor(clock.now() / 1000) + seconds) });

async function put(TableName: string, Item: object): Promise<void> {
  await engine.call(`${dynamo}PutItem`, { TableName, Item });
}

async function ids(TableName: string): Promise<string[]> {
  const { Items } = await engine.call(`${dynamo}Scan`, { TableName });
  return (Items as { pk: { S: string } }[]).map(({ pk }) => pk.S).sort();
}

it("deletes what has expired by the runtime's clock, and nothing else", async () => {
  start();
  const sk = { S: "x" };
  await put("carts", { pk: { S: "soon" }, sk, expiresAt: inSeconds(3_600) });
  await put("carts", { pk: { S: "later" }, sk, expiresAt: inSeconds(90_000) });
  await put("carts", { pk: { S: "never" }, sk });
  await put("carts", { pk: { S: "no number" }, sk, expiresAt: { S: "1" } });
  await put("carts", { pk: { S: "milliseconds" }, sk, expiresAt: { N: String(clock.now()) } });
  await put("carts", { pk: { S: "years ago" }, sk, expiresAt: { N: "1" } });
  await put("tokens", { pk: { S: "used" }, ttl: inSeconds(10) });
  clock.skip(3_700_000);
  await until(() => woken.length === 2, "both tables to be swept");
  expect(await ids("carts")).toEqual(["later", "milliseconds", "never", "no number", "years ago"]);
  expect(await ids("tokens")).toEqual([]);
});

it("works through a long table over several rounds", async () => {
  start();
  for (let index = 0; index < 1_100; index += 25) {
    const requests = Array.from({ length: 25 }, (_, offset) => ({
      PutRequest: { Item: { pk: { S: `t${index + offset}` }, ttl: inSeconds(10) } },
    }));
    await engine.call(`${dynamo}BatchWriteItem`, { RequestItems: { tokens: requests } });
  }
  for (let round = 1; round <= 3; round++) {
    clock.skip(61_000);
    await until(() => woken.length === round, `round ${round}`);
    expect(await ids("tokens")).toHaveLength([600, 100, 0][round - 1]!);
  }
});

it("leaves alone what was given more time while it looked", async () => {
  let isRenewed = false;
  const renewing: Engine = {
    ...engine,
    async call(target, input) {
      const output = await engine.call(target, input);
      if (target === `${dynamo}Scan` && (input as { TableName: string }).TableName === "tokens") {
        await put("tokens", { pk: { S: "renewed" }, ttl: inSeconds(3_600) });
        isRenewed = true;
      }
      return output;
    },
  };
  start(renewing);
  await put("tokens", { pk: { S: "renewed" }, ttl: inSeconds(10) });
  clock.skip(61_000);
  await until(() => isRenewed, "the sweep");
  await expiry.stop();
  expect(await ids("tokens")).toEqual(["renewed"]);
});
