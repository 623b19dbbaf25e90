import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { Resource } from "sst";
import { expect, onTestFinished, test } from "vitest";
import { dynamo } from "./dynamo.ts";
import { metered } from "./metered.ts";
import { accounting, type Spent } from "./spent.ts";

const TableName = Resource.OrderTable.name;
const id = crypto.randomUUID();
const keyOf = (name: string) => ({ pk: { S: `metered ${id}` }, sk: { S: name } });
const Item = { ...keyOf("one"), text: { S: "x".repeat(1500) } };
const two = ["one", "two"];

function spentBy(run: () => Promise<unknown>): Promise<Spent> {
  return accounting(async (spent) => {
    await run();
    return spent();
  });
}

test.each([
  ["a write of 1.5 KB", () => dynamo().send(new PutItemCommand({ TableName, Item })), [0, 2]],
  ["a batch of writes", () => dynamo().send(new BatchWriteItemCommand(batch({ PutRequest: { Item } }))), [0, 2]],
  ["a transaction", () => dynamo().send(new TransactWriteItemsCommand(transaction())), [0, 4]],
  ["a read", () => dynamo().send(new GetItemCommand({ TableName, Key: keyOf("one") })), [0.5, 0]],
  [
    "a consistent read",
    () => dynamo().send(new GetItemCommand({ TableName, Key: keyOf("one"), ConsistentRead: true })),
    [1, 0],
  ],
  [
    "a batch of reads",
    () => dynamo().send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: two.map(keyOf) } } })),
    [1, 0],
  ],
  [
    "reads in a transaction",
    () =>
      dynamo().send(
        new TransactGetItemsCommand({ TransactItems: two.map((name) => ({ Get: { TableName, Key: keyOf(name) } })) }),
      ),
    [4, 0],
  ],
  ["a query", () => dynamo().send(new QueryCommand(query())), [0.5, 0]],
  ["a deletion", () => dynamo().send(new DeleteItemCommand({ TableName, Key: keyOf("one") })), [0, 2]],
] as const)("%s is charged with the units that DynamoDB tells", async (_, call, [readUnits, writeUnits]) => {
  expect(await spentBy(call)).toMatchObject({ readUnits, writeUnits });
});

test("a write that a condition refuses tells no units, but its time", async () => {
  await dynamo().send(new PutItemCommand({ TableName, Item }));
  const refused = { TableName, Item, ConditionExpression: "attribute_not_exists(pk)" };
  const spent = await spentBy(() =>
    expect(dynamo().send(new PutItemCommand(refused))).rejects.toMatchObject({
      name: "ConditionalCheckFailedException",
    }),
  );
  expect(spent).toMatchObject({ readUnits: 0, writeUnits: 0 });
  expect(spent.downstreamMs).toBeGreaterThan(0);
});

test("what the SDK waits before it tries again is waiting, too", async () => {
  const statuses = [503, 503, 200];
  const server = createServer((_, response) => response.writeHead(statuses.shift()!).end("{}"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = metered(new DynamoDBClient({ endpoint, maxAttempts: 3 }));
  onTestFinished(() => client.destroy());
  const startedAt = performance.now();
  const spent = await spentBy(() => client.send(new GetItemCommand({ TableName, Key: keyOf("one") })));
  expect(statuses).toEqual([]);
  expect(spent.downstreamMs).toBeGreaterThan((performance.now() - startedAt) * 0.8);
});

function batch(request: { PutRequest: { Item: typeof Item } }) {
  return { RequestItems: { [TableName]: [request] } };
}

function transaction() {
  return { TransactItems: [{ Put: { TableName, Item } }] };
}

function query() {
  return { TableName, KeyConditionExpression: "pk = :pk", ExpressionAttributeValues: { ":pk": keyOf("").pk } };
}
