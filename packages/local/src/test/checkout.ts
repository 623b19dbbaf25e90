/** Orders and what is left of them, for tests of the whole system. */
import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import type { Client, Order } from "@cartwright/client";
import { orderFor } from "../shop/seed.ts";
import type { System } from "./system.ts";

const lines = [{ sku: "MUG-BLUE", quantity: 1 }];

/** Places an order of one mug; answers its id. */
export async function place(system: System, token: string, client: Client = system.shop.customer): Promise<string> {
  return (await client.orders.place(orderFor(lines, token))).id;
}

/** Waits for the end, moving the clock over retries and the watch's pauses. */
export async function settle(system: System, id: string, client: Client = system.shop.customer): Promise<Order> {
  for (let minute = 0; minute < 40; minute++) {
    await system.local.idle();
    const order = await client.orders.get(id);
    if (order.paid || order.status === "cancelled") return order;
    await system.skip(minute === 0 ? 31_000 : 61_000);
  }
  throw new Error(`${id} did not settle`);
}

/** How many messages wait for a person, by queue. */
export function deadLetters({ local }: System): Record<string, number> {
  const queues = Object.entries(local.topology.queues).filter(([name]) => name.endsWith("DeadLetters"));
  const counts = queues.map(([name, { arn }]) => [name, local.queues.counts(arn).visible] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** The code and message of each failure that a dead letter queue tells of. */
export function failuresIn(
  { local }: System,
  queueName: string,
): { code: string; message: string; attempts: number }[] {
  return local.queues.peek(local.topology.queues[queueName]!.arn, 100).map(({ attributes }) => ({
    code: attributes.ERROR_CODE?.StringValue ?? "",
    message: attributes.ERROR_MESSAGE?.StringValue ?? "",
    attempts: Number(attributes.ATTEMPTS?.StringValue),
  }));
}

export function dynamoOf({ local }: System): DynamoDBClient {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  return new DynamoDBClient({ endpoint: local.endpointUrl, region: "local", credentials });
}

/** Every item of the domains' tables, by table and key. */
export async function stateOf(system: System): Promise<Map<string, unknown>> {
  const dynamo = dynamoOf(system);
  const state = new Map<string, unknown>();
  for (const name of ["UserTable", "InventoryTable", "OrderTable", "PaymentTable"]) {
    const TableName = system.local.topology.tables[name]!.name;
    let ExclusiveStartKey: Record<string, never> | undefined;
    do {
      const page = await dynamo.send(new ScanCommand({ TableName, ExclusiveStartKey }));
      for (const item of page.Items ?? []) state.set(`${name} ${item.pk!.S} ${item.sk!.S}`, item);
      ExclusiveStartKey = page.LastEvaluatedKey as typeof ExclusiveStartKey;
    } while (ExclusiveStartKey);
  }
  return state;
}
