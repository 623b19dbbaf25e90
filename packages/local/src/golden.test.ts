/** Every event that ever was, as its committed sample has it, against the handlers of today. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Order } from "@cartwright/client";
import { type Envelope, registry, withPrefix } from "@cartwright/events";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { matches, parsePattern } from "./bus/event-pattern.ts";
import { paymentOf } from "./shop/scenario.ts";
import { orderFor } from "./shop/seed.ts";
import { repository } from "./test/fixture.ts";
import { type System, startSystem } from "./test/system.ts";

const contract = path.join(repository, "packages/events/contract");
const files = readdirSync(contract, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".sample.json"),
);

let system: System;
let order: Order;
const complaints: string[] = [];
const invoked: { name: string; event: string }[] = [];

beforeAll(async () => {
  system = await startSystem();
  const { customer } = system.shop;
  const { id } = await customer.orders.place(orderFor([{ sku: "MUG-BLUE", quantity: 2 }], "tok_ok"));
  // Until its watch has seen that it is settled.
  await system.skip(31_000);
  order = await customer.orders.get(id);
  expect(order).toMatchObject({ status: "confirmed", paid: true });
  system.hooks.onLog = ({ text }) => {
    if (/reaction failed|dead letter|"level":"ERROR"/.test(text)) complaints.push(text);
  };
  system.hooks.afterInvoke = (name, event) => {
    invoked.push({ name, event: JSON.stringify(event) });
    return undefined;
  };
});
afterAll(() => system.stop());
beforeEach(() => {
  complaints.length = 0;
  invoked.length = 0;
  // What one sample leaves behind is no fault of the next.
  for (const { arn } of system.local.queues.all()) system.local.queues.purge(arn);
});

/** The sample as if it told of the order that exists: an order, its payment and its reservation differ in the prefix. */
function sampleOf(file: string): Envelope {
  const text = readFileSync(path.join(contract, file), "utf8");
  return JSON.parse(
    text.replaceAll(/\b(ord|pay|rsv)_[0-9A-Z]{26}\b/g, (_, prefix: "ord" | "pay" | "rsv") =>
      withPrefix(prefix, order.id),
    ),
  );
}

/** The rules that take an event, each with the queue or state machine that it leads to. */
function targetsOf(event: Envelope) {
  const { rules, queues, machines, mappings, functions } = system.local.topology;
  const delivered = { source: event.source, "detail-type": event.name, detail: event };
  const arns = Object.values(rules)
    .filter(({ enabled, pattern }) => enabled && pattern && matches(parsePattern(pattern), delivered))
    .flatMap(({ targets }) => targets.map(({ arn }) => arn));
  return arns.map((arn) => {
    const machine = Object.values(machines).find((each) => each.arn === arn);
    if (machine) return { machine };
    const queue = Object.values(queues).find((each) => each.arn === arn)!;
    const reader = Object.values(mappings).find(({ source }) => source === arn)!;
    const [name] = Object.entries(functions).find(([, each]) => each.arn === reader.function)!;
    return { queue, name };
  });
}

/** All that is in queues and in the hands of their consumers; nothing, once everything is consumed. */
function waiting(): Record<string, unknown> {
  const { local } = system;
  const counts = Object.entries(local.topology.queues).map(
    ([name, { arn }]) => [name, local.queues.counts(arn)] as const,
  );
  return Object.fromEntries(counts.filter(([, count]) => Object.values(count).some((number) => number > 0)));
}

async function state() {
  const { customer, staff } = system.shop;
  const [today, payment] = [await customer.orders.get(order.id), await paymentOf(customer, order.id)];
  return {
    today,
    payment,
    stock: await staff.products.stock("MUG-BLUE"),
    product: await staff.products.get("MUG-BLUE"),
  };
}

test("every version of every event has a sample", () => {
  const expected = [...registry.values()].flatMap(({ name, version }) =>
    Array.from({ length: version }, (_, index) => path.join(name, `v${index + 1}.sample.json`)),
  );
  expect(files.toSorted()).toEqual(expected.toSorted());
});

describe("is consumed by all who subscribe to it, and changes nothing that is settled", () => {
  test.each(files.toSorted())("%s", async (file) => {
    const before = await state();
    const event = sampleOf(file);
    const targets = targetsOf(event);
    const entry = { Source: event.source, DetailType: event.name, Detail: JSON.stringify(event) };
    expect(system.local.bus.putEvents([{ ...entry, EventBusName: busName(), Time: event.time }])).toMatchObject({
      FailedEntryCount: 0,
    });
    await system.skip(1000 * Math.max(1, ...targets.map(({ queue }) => queue?.delaySeconds ?? 0)));
    expect(complaints).toEqual([]);
    expect(waiting()).toEqual({});
    for (const { name } of targets.filter(({ queue }) => queue)) {
      expect(invoked.filter((each) => each.name === name && each.event.includes(event.id)).length, name).toBe(1);
    }
    const runs = system.local.executions.mentioning(event.id).filter(({ input }) => isStartedBy(input, event));
    expect(runs.map(({ result }) => result)).toEqual(
      targets.filter(({ machine }) => machine).map(() => expect.objectContaining({ status: "SUCCEEDED" })),
    );
    expect(await state()).toEqual(before);
  });
});

function busName(): string {
  return Object.values(system.local.topology.buses)[0]!.name;
}

/** Not merely by an event that names this one as its cause. */
function isStartedBy(input: unknown, event: Envelope): boolean {
  return (input as { detail: Envelope }).detail.id === event.id;
}
