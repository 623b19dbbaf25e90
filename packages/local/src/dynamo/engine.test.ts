import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { isAlive, runChild, until } from "../test/child.ts";
import { hashTable, table, temporaryFolder } from "../test/fixture.ts";
import { DisconnectError, type DynamoFault, openDynamoDoor } from "./dynamo.ts";
import { connectEngine, type Engine, startEngine } from "./engine.ts";
import { ensureTables } from "./table.ts";

const folder = temporaryFolder();
const dynamo = "DynamoDB_20120810.";
const orders = table("orders", {
  attributes: { pk: "S", sk: "S", customer: "S" },
  indexes: { byCustomer: { hashKey: "customer", rangeKey: "sk", projection: ["total"] } },
  ttl: "expiresAt",
});
const plain = hashTable("plain");
let engine: Engine;

beforeAll(async () => {
  engine = await startEngine({ stateFolder: folder.path, environment: {} });
  await ensureTables(engine, [orders, plain]);
});

afterAll(async () => {
  await engine.stop();
  folder.remove();
});

describe("the embedded engine", () => {
  it("has the tables with their indexes, stream and expiry", async () => {
    const described = await engine.call(`${dynamo}DescribeTable`, { TableName: "orders" });
    expect(described.Table).toMatchObject({
      GlobalSecondaryIndexes: [
        { IndexName: "byCustomer", Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["total"] } },
      ],
      StreamSpecification: { StreamViewType: "NEW_AND_OLD_IMAGES" },
      BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
    });
    const expiry = await engine.call(`${dynamo}DescribeTimeToLive`, { TableName: "orders" });
    expect(expiry.TimeToLiveDescription).toMatchObject({ AttributeName: "expiresAt" });
  });

  it("keeps tables that are as recorded, and refuses those that changed", async () => {
    await ensureTables(engine, [orders]);
    const changed = { ...orders, indexes: { byCustomer: { hashKey: "customer", projection: "ALL" as const } } };
    await expect(ensureTables(engine, [changed])).rejects.toMatchObject({
      name: "TableChangedError",
      message: expect.stringMatching(/orders.*indexes.*--fresh/),
    });
  });

  it("tells its own errors under their AWS names", async () => {
    await expect(
      engine.call(`${dynamo}GetItem`, { TableName: "absent", Key: { pk: { S: "1" } } }),
    ).rejects.toMatchObject({ name: "ResourceNotFoundException", statusCode: 400 });
  });

  it("keeps what it acknowledged when it is killed", async () => {
    const own = temporaryFolder();
    const onDeath = vi.fn();
    const first = await startEngine({ stateFolder: own.path, environment: {}, onDeath });
    await ensureTables(first, [orders]);
    const key = { pk: { S: "1" }, sk: { S: "1" } };
    await first.call(`${dynamo}PutItem`, { TableName: "orders", Item: key });
    process.kill(first.processId!, "SIGKILL");
    await until(() => onDeath.mock.calls.length > 0, "onDeath");
    expect(onDeath.mock.calls[0]?.[0]).toMatchObject({ name: "EngineFailedError" });
    await first.stop();
    const second = await startEngine({ stateFolder: own.path, environment: {} });
    expect(await second.call(`${dynamo}GetItem`, { TableName: "orders", Key: key })).toEqual({ Item: key });
    await second.stop();
    expect(isAlive(second.processId!)).toBe(false);
    own.remove();
  });

  it("dies with its parent, even when that is killed without a chance to stop it", async () => {
    const own = temporaryFolder();
    const child = runChild(
      own.path,
      `import { startEngine } from "$src/dynamo/engine.ts";
       const engine = await startEngine({ stateFolder: ${JSON.stringify(own.path)}, environment: {} });
       console.log(engine.processId);
       setInterval(() => {}, 1000);`,
    );
    const pid = Number(await child.nextLine());
    expect(isAlive(pid)).toBe(true);
    child.process.kill("SIGKILL");
    await child.ended;
    await until(() => !isAlive(pid), "the engine's end");
    own.remove();
  });
});

describe("an engine given by CARTWRIGHT_DYNAMODB_ENDPOINT", () => {
  it("is used instead of the embedded one, and left running", async () => {
    const given = await startEngine({
      stateFolder: folder.path,
      environment: { CARTWRIGHT_DYNAMODB_ENDPOINT: engine.endpoint },
    });
    expect(given.processId).toBeUndefined();
    await ensureTables(given, [orders]);
    await given.stop();
    expect(isAlive(engine.processId!)).toBe(true);
  });

  it("must be an http URL", async () => {
    const environment = { CARTWRIGHT_DYNAMODB_ENDPOINT: "localhost:8000" };
    await expect(startEngine({ stateFolder: folder.path, environment })).rejects.toThrow(
      /CARTWRIGHT_DYNAMODB_ENDPOINT must be an http URL.*localhost:8000/,
    );
  });

  it("is told apart when nobody listens there", async () => {
    const absent = connectEngine("http://127.0.0.1:1");
    await expect(absent.call(`${dynamo}ListTables`, {})).rejects.toMatchObject({
      name: "EngineFailedError",
      message: expect.stringContaining("http://127.0.0.1:1 doesn't answer"),
    });
  });
});

it("without a package for this platform, says how to go on", async () => {
  const platform = vi.spyOn(process, "platform", "get").mockReturnValue("aix");
  try {
    await expect(startEngine({ stateFolder: folder.path, environment: {} })).rejects.toMatchObject({
      name: "EngineMissingError",
      message: expect.stringMatching(/@dynoxide\/aix-.* isn't installed.*CARTWRIGHT_DYNAMODB_ENDPOINT/),
    });
  } finally {
    platform.mockRestore();
  }
});

describe("the front door", () => {
  const consumed: unknown[] = [];
  const written: string[][] = [];
  let fault: DynamoFault | undefined;
  const door = async (operation: string, input: object) => {
    const open = openDynamoDoor({
      engine,
      onConsumed: (units) => consumed.push(units),
      onWrite: (tables) => written.push(tables),
      onRequest: () => fault,
    });
    const answer = await open(operation, Buffer.from(JSON.stringify(input)));
    return { statusCode: answer.statusCode, output: JSON.parse(answer.body.toString()) };
  };
  const item = (pk: string) => ({ pk: { S: pk }, sk: { S: "1" }, customer: { S: "ada" } });

  it("counts the units of writes with their indexes, and hides what the caller didn't ask for", async () => {
    consumed.length = 0;
    expect((await door("PutItem", { TableName: "orders", Item: item("door") })).output).toEqual({});
    expect(consumed).toEqual([{ kind: "write", table: "orders", units: 2 }]);
    const asked = await door("PutItem", { TableName: "orders", Item: item("d2"), ReturnConsumedCapacity: "TOTAL" });
    expect(asked.output).toMatchObject({ ConsumedCapacity: { TableName: "orders" } });
    expect(written).toContainEqual(["orders"]);
  });

  it("counts reads and transactions by table", async () => {
    consumed.length = 0;
    const key = { pk: { S: "door" }, sk: { S: "1" } };
    await door("GetItem", { TableName: "orders", Key: key, ConsistentRead: true });
    await door("TransactWriteItems", {
      TransactItems: [
        { Put: { TableName: "plain", Item: { pk: { S: "1" } } } },
        { Delete: { TableName: "plain", Key: { pk: { S: "2" } } } },
      ],
    });
    expect(consumed).toEqual([
      { kind: "read", table: "orders", units: 1 },
      { kind: "write", table: "plain", units: 4 },
    ]);
  });

  it("counts a write whose condition failed, which AWS bills too", async () => {
    consumed.length = 0;
    const refused = await door("PutItem", {
      TableName: "orders",
      Item: item("door"),
      ConditionExpression: "attribute_not_exists(pk)",
    });
    expect(refused).toMatchObject({ statusCode: 400, output: { message: expect.stringContaining("conditional") } });
    expect(consumed).toEqual([{ kind: "write", table: "orders", units: 1 }]);
  });

  it("fails a request before the engine has it", async () => {
    fault = { when: "before", name: "ThrottlingException" };
    const put = door("PutItem", { TableName: "orders", Item: item("never") });
    await expect(put).rejects.toMatchObject({ name: "ThrottlingException", statusCode: 400 });
    fault = undefined;
    const key = { pk: { S: "never" }, sk: { S: "1" } };
    expect((await door("GetItem", { TableName: "orders", Key: key })).output).toEqual({});
  });

  it("loses an answer after the engine has applied the request", async () => {
    fault = { when: "after", disconnect: true };
    const put = door("PutItem", { TableName: "orders", Item: item("lost") });
    await expect(put).rejects.toBeInstanceOf(DisconnectError);
    fault = undefined;
    const key = { pk: { S: "lost" }, sk: { S: "1" } };
    expect((await door("GetItem", { TableName: "orders", Key: key })).output).toEqual({ Item: item("lost") });
  });
});
