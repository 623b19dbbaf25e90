/** Invariant 7 of docs/architecture.md, and what must hold of units and money, whatever is done to an order. */
import { newId, type OrderLine } from "@cartwright/events";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { DomainError } from "../error.ts";
import { propertyRuns } from "../test/property.ts";
import { fulfil, sentOf } from "./fulfilment/fulfilment-rule.ts";
import { declineReturn, priceOf, receiveReturn, requestReturn } from "./fulfilment/return-rule.ts";
import { count, ordered } from "./fulfilment/units.ts";
import type { OrderItem, Units } from "./order.entity.ts";
import * as rule from "./rule.ts";
import { after, createPaidItem, inTime, tooLate } from "./test/item.ts";

type Command = (order: OrderItem) => rule.OrderChange | undefined;

const at = inTime.toISOString();
const sku = fc.constantFrom("CUP", "CUP", "MUG", "MUG", "HAT");
const asked = fc.array(fc.record({ sku, quantity: fc.integer({ min: 1, max: 2 }) }), { minLength: 1, maxLength: 2 });
const maybeAsked = fc.option(asked, { nil: undefined, freq: 1 });
const time = fc.constantFrom(inTime, inTime, inTime, tooLate);
const nth = fc.nat({ max: 5 });

/** The return that is open for longest, or any, or one that there is not. */
function returnAt({ returns = [] }: OrderItem, index: number): string {
  const oldest = index < 4 ? returns.find(({ settled }) => !settled) : undefined;
  return (oldest ?? returns[index])?.id ?? newId("ret");
}

const toPlace: fc.Arbitrary<Command>[] = [
  time.map(
    (when): Command =>
      (order) =>
        rule.confirm(order, when),
  ),
  time.map(
    (when): Command =>
      (order) =>
        rule.pay(order, when),
  ),
  time.map(
    (when): Command =>
      (order) =>
        rule.resume(order, when, "watch"),
  ),
];
const toEnd: fc.Arbitrary<Command>[] = [
  fc.constantFrom("OutOfStockError", "CaptureRefusedError").map(
    (name): Command =>
      (order) =>
        rule.abandon(order, "internal_error", { name }),
  ),
  fc.constantFrom("customer" as const, "staff" as const).map(
    (by): Command =>
      (order) =>
        rule.requestCancellation(order, by, "k"),
  ),
  fc.constant<Command>(rule.cancel),
];
const toSend: fc.Arbitrary<Command>[] = [
  fc.record({ lines: maybeAsked, owed: fc.oneof(fc.constant<OrderLine[]>([]), asked) }).map(
    ({ lines, owed }): Command =>
      (order) => {
        return fulfil(order, { id: newId("ful"), lines, createdAt: at, fingerprint: "f" }, owed);
      },
  ),
  asked.map(
    (lines): Command =>
      (order) => {
        return requestReturn(order, { id: newId("ret"), lines, createdAt: at, fingerprint: "f" });
      },
  ),
  fc.record({ index: nth, lines: maybeAsked, restock: fc.boolean() }).map(
    ({ index, ...came }): Command =>
      (order) => {
        const settled = { status: "received", at, key: "k", fingerprint: "f", ...came } as const;
        return receiveReturn(order, returnAt(order, index), settled);
      },
  ),
  nth.map(
    (index): Command =>
      (order) => {
        const settled = { status: "declined", at, key: "k", fingerprint: "f", reason: "worn" } as const;
        return declineReturn(order, returnAt(order, index), settled);
      },
  ),
];

/** What most orders go through comes more often, so that runs get far enough to be of interest. */
const commands = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.oneof(...toPlace) },
    { weight: 1, arbitrary: fc.oneof(...toEnd) },
    { weight: 9, arbitrary: fc.oneof(...toSend) },
  ),
  { maxLength: 40, size: "max" },
);

/** What is left of the order when a command is refused is the order itself. */
function run(order: OrderItem, command: Command): rule.OrderChange | undefined {
  try {
    return command(order);
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

/** What does not hold of an order. */
function unsound(order: OrderItem): string[] {
  const { lines, status, returns = [] } = order;
  const sent = sentOf(order);
  const open = returns.flatMap(({ units, settled }) => (settled ? [] : [units]));
  const received = returns.flatMap(({ settled }) => (settled?.status === "received" ? [settled.units] : []));
  const [back, all] = [totalOf(received), count(ordered(order))];
  const refunded = received.reduce((sum, units) => sum + priceOf(order, units).amount, 0);
  const isSent = status === "fulfilled" || status === "returned";
  const faults: [what: string, holds: boolean][] = [
    ["no more is sent than was ordered", lines.every(({ quantity }, index) => sent[index]! <= quantity)],
    [
      "no more comes back than was sent",
      lines.every((_, index) => unitsAt(index, [...received, ...open]) <= sent[index]!),
    ],
    ["no more is refunded than was paid", refunded <= order.totalMinor],
    ["it is returned when all has come back", (status === "returned") === (back === all)],
    ["it is fulfilled when all was sent", isSent === (count(sent) === all)],
    [
      "nothing is sent that is not paid, or given up",
      count(sent) === 0 || Boolean(order.paidAt && !order.abandonedFor),
    ],
  ];
  return faults.flatMap(([what, holds]) => (holds ? [] : [what]));
}

const unitsAt = (index: number, of: Units[]) => of.reduce((sum, units) => sum + units[index]!, 0);
const totalOf = (of: Units[]) => of.reduce((sum, units) => sum + count(units), 0);

/** What an event says that the change does not, or the other way round. */
function mistold(before: OrderItem, next: OrderItem, change: rule.OrderChange | undefined): string[] {
  const moved = before.status === next.status ? undefined : next.status;
  const telling = { confirmed: "order.confirmed", cancelled: "order.cancelled" };
  const completing = { fulfilled: "order.fulfilled", returned: "order.returned" };
  const facts = change?.facts.map(({ definition, data }) => ({ name: definition.name, complete: data.complete })) ?? [];
  const isTold = (name: string) => facts.some((one) => one.name === name);
  const isCompleted = (name: string) => facts.some((one) => one.name === name && one.complete === true);
  return [
    ...(change && facts.length === 0 ? ["a change without an event"] : []),
    ...Object.entries(telling).flatMap(([status, name]) => (isTold(name) === (moved === status) ? [] : [name])),
    ...Object.entries(completing).flatMap(([status, name]) => (isCompleted(name) === (moved === status) ? [] : [name])),
    ...(moved && !rule.transitions[before.status].some((to) => to === moved) ? [`${before.status} to ${moved}`] : []),
  ];
}

/** Three units; one order in two is paid already, so that many get to their end. */
const start = fc.boolean().map((isPaid): OrderItem => {
  const [cup, mug] = createPaidItem().lines;
  const lines = [
    { ...cup!, quantity: 1 },
    { ...mug!, quantity: 2 },
  ];
  const { paidAt, ...order } = createPaidItem({ lines, totalMinor: 1100 });
  return isPaid ? { ...order, paidAt: paidAt! } : { ...order, status: "pending" };
});

test("an order moves along the table alone, and neither units nor money are ever more than there were", () => {
  const reached = new Map<string, number>();
  fc.assert(
    fc.property(start, commands, (placed, sequence) => {
      let order = placed;
      for (const command of sequence) {
        const change = run(order, command);
        const next = after(order, change);
        const faults = [...mistold(order, next, change), ...unsound(next)];
        if (faults.length > 0) expect.fail(faults.join("; "));
        order = next;
      }
      reached.set(order.status, (reached.get(order.status) ?? 0) + 1);
    }),
    propertyRuns(2000),
  );
  for (const status of Object.keys(rule.transitions)) expect(reached.get(status), status).toBeGreaterThan(5);
});
