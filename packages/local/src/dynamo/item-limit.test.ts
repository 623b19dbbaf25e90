import {
  BatchWriteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { Entity, Service } from "electrodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { boot, type Hooks, type Local } from "../boot.ts";
import { ManualClock } from "../clock.ts";
import { clientOf } from "../test/endpoint.ts";
import { hashTable, table, temporaryFolder, topology } from "../test/fixture.ts";
import { createItemLimit, type ItemLimitOptions } from "./item-limit.ts";

const stock = table("stock");
const plain = hashTable("plain");
const key = (pk: string) => ({ pk: { S: pk }, sk: { S: "1" } });

/** An item takes ten units a second, of a clock that stands still. */
function createLimit(options: ItemLimitOptions = { writeUnitsPerSecond: 10 }) {
  const clock = new ManualClock();
  const limit = createItemLimit([stock, plain], clock, options);
  const answerOf = (operation: string, request: Record<string, unknown>) => {
    const { refusal } = limit.admit(operation, request);
    return refusal && JSON.parse(refusal.body.toString());
  };
  return {
    ...{ clock, limit, answerOf },
    update: (pk = "hot", TableName = "stock") => answerOf("UpdateItem", { TableName, Key: key(pk) }) === undefined,
    transact: (...pks: string[]) =>
      answerOf("TransactWriteItems", {
        TransactItems: pks.map((pk) => ({ Update: { TableName: "stock", Key: key(pk) } })),
      }),
  };
}

const times = <Result>(count: number, run: () => Result) => Array.from({ length: count }, run);

describe("what an item takes", () => {
  test("is so many writes a second, and what is refused takes nothing", async () => {
    const { update, clock } = createLimit();
    expect(times(12, () => update())).toEqual([...times(10, () => true), false, false]);
    await clock.advance(100);
    expect([update(), update()]).toEqual([true, false]);
  });

  test("is never more than a second's worth, however long it has rested", async () => {
    const { update, clock } = createLimit();
    update();
    await clock.advance(3_600_000);
    expect(times(11, () => update()).filter(Boolean)).toHaveLength(10);
  });

  test("is its own: neither another item nor the same key of another table shares it", () => {
    const { update } = createLimit();
    expect(times(11, () => update("a")).at(-1)).toBe(false);
    expect([update("b"), update("a", "plain"), update("a")]).toEqual([true, true, false]);
  });

  test("is half as many writes in transactions, each of which counts twice", () => {
    const { transact, update } = createLimit();
    expect(times(5, () => transact("hot"))).toEqual(times(5, () => undefined));
    expect(transact("hot")).toMatchObject({ CancellationReasons: [{ Code: "ThrottlingError" }] });
    expect(update()).toBe(false);
  });

  test("counts an item that is put by its size", () => {
    const { answerOf, update } = createLimit();
    const put = (text: string) =>
      answerOf("PutItem", { TableName: "stock", Item: { ...key("hot"), text: { S: text } } });
    expect(put("x".repeat(8 * 1024))).toBeUndefined();
    expect([update(), update()]).toEqual([true, false]);
  });

  test("lets an item pass that is larger than a second's worth, once it has rested", async () => {
    const { answerOf, clock } = createLimit();
    const Item = { ...key("hot"), list: { L: [{ M: { text: { S: "x".repeat(40 * 1024) } } }] } };
    const put = () => answerOf("PutItem", { TableName: "stock", Item });
    expect([put(), put()]).toEqual([undefined, expect.objectContaining({ message: expect.any(String) })]);
    await clock.advance(999);
    expect(put()).toBeDefined();
    await clock.advance(1);
    expect(put()).toBeUndefined();
  });

  test("comes back as much slower as time is stretched", async () => {
    const { update, clock } = createLimit({ writeUnitsPerSecond: 10, slowMotion: 20, writeBurstSeconds: 0.2 });
    expect(times(3, () => update())).toEqual([true, true, false]);
    await clock.advance(1_999);
    expect(update()).toBe(false);
    await clock.advance(1);
    expect([update(), update()]).toEqual([true, false]);
  });

  test("is remembered for no longer than it takes to come back", async () => {
    const { update, clock, limit } = createLimit();
    for (let at = 0; at < 1_000; at++) update(`item-${at}`);
    expect(limit.size()).toBe(1_000);
    await clock.advance(1_000);
    update();
    expect(limit.size()).toBe(1);
  });
});

describe("what is read of an item", () => {
  const read = (limit: ReturnType<typeof createLimit>, ConsistentRead?: boolean) =>
    limit.answerOf("GetItem", { TableName: "stock", Key: key("hot"), ConsistentRead }) === undefined;

  test("is so many units a second, apart from what is written: half a unit, one if consistent, two in a transaction", () => {
    const limit = createLimit({ readUnitsPerSecond: 5, writeUnitsPerSecond: 1 });
    const transact = () =>
      limit.answerOf("TransactGetItems", { TransactItems: [{ Get: { TableName: "stock", Key: key("hot") } }] });
    expect([limit.update(), read(limit), read(limit), read(limit, true), transact()]).toEqual([
      true,
      true,
      true,
      true,
      undefined,
    ]);
    expect(transact()).toMatchObject({ CancellationReasons: [{ Code: "ThrottlingError" }] });
    expect([read(limit, true), read(limit)]).toEqual([true, false]);
  });

  test("is told as a hot key when it is too much, and of a batch it is left out", () => {
    const { answerOf, limit } = createLimit({ readUnitsPerSecond: 1 });
    const batch = (...pks: string[]) => ({ RequestItems: { stock: { ConsistentRead: true, Keys: pks.map(key) } } });
    expect(answerOf("BatchGetItem", batch("hot"))).toBeUndefined();
    const { part } = limit.admit("BatchGetItem", batch("hot", "cold"));
    expect(part?.request).toEqual(batch("cold"));
    const answer = part!.complete({ statusCode: 200, body: Buffer.from(JSON.stringify({ Responses: { stock: [] } })) });
    expect(JSON.parse(answer.body.toString())).toEqual({
      Responses: { stock: [] },
      UnprocessedKeys: batch("hot").RequestItems,
    });
    expect(answerOf("BatchGetItem", batch("hot", "cold"))).toMatchObject({
      throttlingReasons: [{ reason: "TableReadKeyRangeThroughputExceeded", resource: stock.arn }],
    });
  });
});

describe("what is refused", () => {
  test("of a transaction is all of it, and the reasons tell which items are hot", () => {
    const { transact, update } = createLimit();
    for (let at = 0; at < 9; at++) update("hot");
    expect(transact("cold", "hot")).toEqual({
      __type: expect.stringMatching(/#TransactionCanceledException$/),
      message: expect.stringContaining("[None, ThrottlingError]"),
      CancellationReasons: [{ Code: "None" }, { Code: "ThrottlingError", Message: expect.stringContaining("hot key") }],
    });
    expect(times(5, () => transact("cold")).at(-1)).toBeUndefined();
  });

  test("says nothing about a request that the engine refuses anyway", () => {
    const { answerOf } = createLimit({ writeUnitsPerSecond: 1 });
    for (const request of [
      { TableName: "absent", Key: key("hot") },
      { TableName: "stock" },
      { TableName: "stock", Item: { list: { L: 3 }, map: { M: null }, none: null } },
      { TransactItems: [null, {}, { Put: null }] },
      { TransactItems: "all" },
      { RequestItems: { stock: [null, {}] } },
      { RequestItems: { stock: 1 } },
      { RequestItems: { stock: { Keys: [null, {}] } } },
    ]) {
      for (const operation of [
        "UpdateItem",
        "PutItem",
        "GetItem",
        "TransactWriteItems",
        "BatchWriteItem",
        "BatchGetItem",
      ]) {
        expect([answerOf(operation, request), answerOf(operation, request)]).toEqual([undefined, undefined]);
      }
    }
  });
});

describe("the SDK", () => {
  const folder = temporaryFolder();
  const clock = new ManualClock();
  const hooks: Hooks = {};
  const TableName = "stock";
  let local: Local;

  beforeAll(async () => {
    local = await boot({
      topology: topology({ tables: { Stock: stock } }),
      ...{ root: process.cwd(), stateFolder: folder.path, apiPort: 0, endpointPort: 0, clock },
      ...{
        itemLimit: { writeUnitsPerSecond: 10 },
        hooks: { onDynamoRequest: (...args) => hooks.onDynamoRequest?.(...args) },
      },
    });
  });
  afterAll(async () => {
    await local.stop();
    folder.remove();
  });
  beforeEach(() => clock.advance(10_000));

  const sdk = (maxAttempts = 1) => new DynamoDBClient({ ...clientOf(local), maxAttempts });

  async function exhaust(pk: string): Promise<void> {
    const rest = { text: { S: "x".repeat(9 * 1024) } };
    await sdk().send(new PutItemCommand({ TableName, Item: { ...key(pk), ...rest } }));
  }

  test("sees a throttled write with its reason", async () => {
    await exhaust("told");
    await expect(sdk().send(new UpdateItemCommand({ TableName, Key: key("told") }))).rejects.toMatchObject({
      name: "ThrottlingException",
      $fault: "client",
      message: expect.stringContaining("hot key"),
      throttlingReasons: [{ reason: "TableWriteKeyRangeThroughputExceeded", resource: stock.arn }],
    });
  });

  test("tries a throttled write again by itself", async () => {
    await exhaust("again");
    let requests = 0;
    hooks.onDynamoRequest = async () => {
      if (++requests === 2) await clock.advance(1_000);
      return undefined;
    };
    const { $metadata } = await sdk(2).send(new UpdateItemCommand({ TableName, Key: key("again") }));
    delete hooks.onDynamoRequest;
    expect($metadata.attempts).toBe(2);
  });

  test("sees why a transaction was cancelled", async () => {
    await exhaust("hot");
    const update = (pk: string) => ({ Put: { TableName, Item: key(pk) } });
    const write = new TransactWriteItemsCommand({ TransactItems: [update("cold"), update("hot")] });
    await expect(sdk().send(write)).rejects.toMatchObject({
      name: "TransactionCanceledException",
      CancellationReasons: [{ Code: "None" }, { Code: "ThrottlingError" }],
    });
  });

  test("gets back what was held back of a batch, and an error when that is all of it", async () => {
    await exhaust("hot");
    const [cold, hot] = ["cold", "hot"].map((pk) => ({ PutRequest: { Item: key(pk) } }));
    const write = (...entries: (typeof cold)[]) =>
      sdk().send(new BatchWriteItemCommand({ RequestItems: { [TableName]: entries.map((entry) => entry!) } }));
    expect((await write(cold, hot)).UnprocessedItems).toEqual({ [TableName]: [hot] });
    await expect(write(hot)).rejects.toMatchObject({ name: "ThrottlingException" });
  });

  test("lets ElectroDB tell which item of a transaction was throttled", async () => {
    const units = new Entity(
      {
        model: { service: "shop", entity: "unit", version: "1" },
        attributes: { sku: { type: "string", required: true }, count: { type: "number" } },
        indexes: { bySku: { pk: { field: "pk", composite: ["sku"] }, sk: { field: "sk", composite: [] } } },
      },
      { client: sdk(), table: TableName },
    );
    const shop = new Service({ units });
    const add = () =>
      shop.transaction.write((all) => [all.units.upsert({ sku: "hot" }).add({ count: 1 }).commit()]).go();
    for (let at = 0; at < 5; at++) expect(await add()).toMatchObject({ canceled: false });
    expect(await add()).toMatchObject({ canceled: true, data: [{ rejected: true, code: "ThrottlingError" }] });
  });
});

describe("what is refused", () => {
  const put = (pk: string, bytes = 100) => ({ ...key(pk), text: { S: "x".repeat(bytes) } });

  test("is counted by the table of each item", () => {
    const { limit, transact, update } = createLimit();
    times(10, () => update("hot"));
    expect(limit.admit("UpdateItem", { TableName: "stock", Key: key("hot") }).throttled).toEqual(["stock"]);
    expect(transact("cold", "hot")).toBeDefined();
    const TransactItems = ["cold", "hot"].map((pk) => ({ Put: { TableName: "stock", Item: put(pk) } }));
    expect(limit.admit("TransactWriteItems", { TransactItems }).throttled).toEqual(["stock"]);
    expect(limit.admit("UpdateItem", { TableName: "stock", Key: key("cold") }).throttled).toBeUndefined();
  });

  test("of a batch is counted though the rest of it goes on", () => {
    const { limit, update } = createLimit();
    times(10, () => update("hot"));
    const RequestItems = { stock: ["hot", "cold"].map((pk) => ({ PutRequest: { Item: put(pk) } })) };
    const { throttled, part } = limit.admit("BatchWriteItem", { RequestItems });
    expect(throttled).toEqual(["stock"]);
    expect(part).toBeDefined();
    const all = limit.admit("BatchWriteItem", { RequestItems: { stock: [RequestItems.stock[0]!] } });
    expect(all).toMatchObject({ throttled: ["stock"], refusal: { statusCode: 400 } });
  });
});
