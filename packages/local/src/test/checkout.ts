/** Orders and what is left of them, for tests of the whole system. */
import { type AttributeValue, DeleteItemCommand, ScanCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import type { Client, Order } from "@cartwright/client";
import {
  createEvent,
  type DeadLetterFailure,
  fromAttributes,
  newId,
  PaymentOutcomeUnknown,
  toAttributes,
  withPrefix,
} from "@cartwright/events";
import { expect } from "vitest";
import type { BusEvent } from "../bus/bus.ts";
import { paymentIdOf } from "../shop/scenario.ts";
import { orderFor } from "../shop/seed.ts";
import { dynamoOf } from "./endpoint.ts";
import type { System } from "./system.ts";

const onOrder = [{ sku: "MUG-BLUE", quantity: 1 }];

/** Places an order of one mug; answers its id. */
export async function place(system: System, token: string, client: Client = system.shop.customer): Promise<string> {
  return (await client.orders.place(orderFor(onOrder, token))).id;
}

/** Places an order that there is not enough in stock for; answers its id. */
export async function placeInVain({ shop }: System): Promise<string> {
  return (await shop.customer.orders.place(orderFor([{ sku: "LAST-ONE", quantity: 2 }], "tok_ok"))).id;
}

/** Waits for the end, moving the clock over retries and the watch's pauses. */
export async function settle(system: System, id: string, client: Client = system.shop.customer): Promise<Order> {
  for (let minute = 0; minute < 40; minute++) {
    await system.local.idle();
    const order = await client.orders.get(id);
    if (order.status === "cancelled" || (order.paid && !order.cancelling)) return order;
    await system.skip(minute === 0 ? 31_000 : 61_000);
  }
  throw new Error(`${id} did not settle`);
}

/** Sends all of a paid order of one mug, and takes it back. */
export async function returnAll({ local, shop }: System, id: string): Promise<void> {
  await shop.staff.orders.fulfil(id);
  await local.idle();
  const asked = await shop.staff.orders.requestReturn(id, { lines: onOrder });
  const { received } = await shop.staff.orders.receiveReturn(id, asked.id, { restock: true });
  expect(received).toEqual(onOrder);
}

/** Has a new customer order, staff refund a part of it and cancel the rest, and the customer close their account. */
export async function closeAccount(system: System): Promise<void> {
  const customer = await system.newCustomer();
  const { orders, payments } = system.shop.staff;
  const id = await place(system, "tok_ok", customer);
  await settle(system, id, customer);
  await payments.refund(paymentIdOf(id), { amount: { amount: 1, currency: "EUR" }, reason: "a scratch" });
  await orders.cancel(id);
  await settle(system, id, customer);
  const { version } = await customer.users.me();
  await customer.users.erase(version);
}

/** The subject of events that tests make up, which no item stands behind. */
export const madeUp = "made-up";

/**
 * Has a person asked to look at a payment that does not exist, so that there is nothing to be found. All that is true
 * and would be told to them leaves a letter.
 */
export function askOperatorInVain({ local }: System): void {
  const orderId = newId("ord");
  const amount = { amount: 1, currency: "EUR" };
  const event = createEvent(PaymentOutcomeUnknown, {
    ...{ subject: madeUp, sequence: 1, time: new Date(local.now()), cause: { correlationId: "c" } },
    data: { paymentId: withPrefix("pay", orderId), orderId, amount, step: "authorize" },
  });
  const entry = { Source: event.source, DetailType: event.name, Detail: JSON.stringify(event) };
  local.bus.putEvents([{ ...entry, EventBusName: local.topology.buses.Bus!.name }]);
}

/** How many messages wait for a person, by queue. */
export function deadLetters({ local }: System): Record<string, number> {
  const queues = Object.entries(local.topology.queues).filter(([name]) => name.endsWith("DeadLetters"));
  const counts = queues.map(([name, { arn }]) => [name, local.queues.counts(arn).visible] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** The failure that each letter in a queue of dead letters tells of. */
export function failuresIn({ local }: System, queueName: string): (DeadLetterFailure | undefined)[] {
  const letters = local.queues.peek(local.topology.queues[queueName]!.arn, 100);
  return letters.map(({ attributes }) => fromAttributes(attributes));
}

/** Leaves a dead letter as the subscriber itself does; answers its id. */
export function leaveLetter(
  { local }: System,
  subscriber: string,
  body: string,
  { code = "TimeoutError", message = "too slow", attempts = 5 }: Partial<DeadLetterFailure> = {},
): string {
  const attributes = toAttributes({ code, message, attempts });
  return local.queues.send(deadLettersOf(local, subscriber), { body, attributes }).messageId;
}

/** The ARN of a subscriber's queue of dead letters. */
export function deadLettersOf({ topology }: System["local"], subscriber: string): string {
  return topology.queues[`${subscriber}DeadLetters`]!.arn;
}

/** All that the bus ever took, by the events' own time. What was published twice is there twice. */
export function archived({ local }: System): BusEvent[] {
  return Object.values(local.topology.archives).flatMap(({ name }) => local.bus.archived(name, { limit: 100_000 }));
}

export type Item = Record<string, AttributeValue>;

/**
 * How far reconcilers have come, how a breaker stands and how often somebody has called: what happens by the clock or by
 * looking, whether or not anything happens.
 */
const byTheClock = ["watermark", "breaker", "limit"];

/** Every item of the domains' tables that tells of a customer, an order, a product or their money, by table and key. */
export async function stateOf({ local }: System): Promise<Map<string, Item>> {
  const dynamo = dynamoOf(local);
  const state = new Map<string, Item>();
  for (const name of ["UserTable", "InventoryTable", "OrderTable", "PaymentTable"]) {
    const TableName = local.topology.tables[name]!.name;
    let ExclusiveStartKey: Item | undefined;
    do {
      const page = await dynamo.send(new ScanCommand({ TableName, ExclusiveStartKey, ConsistentRead: true }));
      const items = (page.Items ?? []).filter((item) => !byTheClock.includes(entityOf(item) ?? ""));
      for (const item of items) state.set(`${name} ${item.pk!.S} ${item.sk!.S}`, item);
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
  }
  return state;
}

/** Which entity an item is of, by ElectroDB's mark. */
export function entityOf(item: Item): string | undefined {
  return item.__edb_e__?.S;
}

/** Loses all items of one entity, as an accident would; answers how many there were. */
export async function lose(system: System, tableName: string, entity: string): Promise<number> {
  const TableName = system.local.topology.tables[tableName]!.name;
  const dynamo = dynamoOf(system.local);
  const lost = [...(await stateOf(system)).values()].filter((item) => entityOf(item) === entity);
  for (const { pk, sk } of lost) {
    await dynamo.send(new DeleteItemCommand({ TableName, Key: { pk: pk!, sk: sk! } }));
  }
  return lost.length;
}

/** What a small table holds, by its name in the stacks: one page of it. */
export async function itemsOf({ local }: System, table: string): Promise<Item[]> {
  const scan = new ScanCommand({ TableName: local.topology.tables[table]!.name, ConsistentRead: true });
  return (await dynamoOf(local).send(scan)).Items ?? [];
}

export async function itemOf(system: System, table: string, is: (item: Item) => boolean): Promise<Item> {
  return (await itemsOf(system, table)).find(is)!;
}

/** Changes an item behind the back of whoever it belongs to. */
export async function alter({ local }: System, table: string, { pk, sk }: Item, changes: Item): Promise<void> {
  const TableName = local.topology.tables[table]!.name;
  const AttributeUpdates = Object.fromEntries(Object.entries(changes).map(([name, Value]) => [name, { Value }]));
  await dynamoOf(local).send(new UpdateItemCommand({ TableName, Key: { pk: pk!, sk: sk! }, AttributeUpdates }));
}

/** The sandbox tells of a charge as it does of every one that has changed. */
export function tellByWebhook({ local }: System, orderId: string): void {
  const webhook = {
    ...{ id: newId("evt"), type: "charge.updated", orderId },
    createdAt: new Date(local.now()).toISOString(),
  };
  local.queues.send(local.topology.queues.SandboxWorkQueue!.arn, { body: JSON.stringify({ do: "notify", webhook }) });
}
