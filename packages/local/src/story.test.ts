/** Whether the log alone tells what became of an order, and of every unit of work what it has cost. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Envelope } from "@cartwright/events";
import { subscribersOf } from "@cartwright/topology";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sumOf, type Usage } from "./meter/meter.ts";
import { answerBank } from "./shop/scenario.ts";
import { orderFor } from "./shop/seed.ts";
import { archived, deadLetters, place, settle } from "./test/checkout.ts";
import { inWords, isUnit, storyOf, type Told, toldIn } from "./test/story.ts";
import { type System, startSystem } from "./test/system.ts";

let system: System;
const lines: Told[] = [];
/** How many requests, steps, messages and changes each function was given. */
const given: Record<string, number> = {};
let used: Usage;

/**
 * An order whose reservation could not be committed until somebody redrove it, and one that waited for a bank, of which
 * an event was replayed later.
 */
let redriven: string;
let approved: string;

beforeAll(async () => {
  system = await startSystem();
  system.local.meter.reset();
  system.hooks.onLog = ({ text, functionName }) => void lines.push(...toldIn(text, functionName));
  system.hooks.beforeInvoke = (name, event) => {
    const { Records: records = [event] } = event as { Records?: unknown[] };
    given[name] = (given[name] ?? 0) + records.length;
    return undefined;
  };
});
beforeAll(async () => {
  redriven = await placeAndRedrive();
  const from = new Date(system.local.now()).toISOString();
  approved = await place(system, "tok_requires_action");
  await system.local.idle();
  await answerBank(system.shop.customer, approved, true);
  await settle(system, approved);
  await system.skip(61_000);
  const filter = { orderId: approved, event: "order.confirmed" } as const;
  const to = new Date(system.local.now()).toISOString();
  await system.shop.staff.ops.replays.start({ subscriber: "RecordTimeline", from, to, filter });
  await system.local.idle();
  used = system.local.meter.total();
});
afterAll(() => system.stop());

async function placeAndRedrive(): Promise<string> {
  system.hooks.onDynamoRequest = (_operation, _request, caller) =>
    caller?.functionName === "CommitReservation" ? { when: "before", name: "TransactionConflictException" } : undefined;
  const twoLines = [
    { sku: "MUG-BLUE", quantity: 2 },
    { sku: "TEA-ASSAM-100", quantity: 1 },
  ];
  const { id: orderId } = await system.shop.customer.orders.place(orderFor(twoLines, "tok_ok"));
  for (let minute = 0; minute < 10 && !deadLetters(system).CommitReservationDeadLetters; minute++) {
    await system.skip(61_000);
  }
  delete system.hooks.onDynamoRequest;
  const { staff } = system.shop;
  await staff.ops.deadLetters.redrive({ subscriber: "CommitReservation", filter: { orderId } });
  await system.local.idle();
  return orderId;
}

const story = (orderId: string) => storyOf(orderId, lines);
const told = (orderId: string, step: string) =>
  story(orderId)
    .filter((line) => line.step === step)
    .map(inWords);

/** By the bus, which is asked here alone: what it took about an order, and what followed from the same requests. */
function eventsOf(orderId: string): Envelope[] {
  const correlations = new Set(story(orderId).map(({ correlationId }) => correlationId));
  const all = new Map(archived(system).map(({ detail }) => [detail.id, Envelope.parse(detail)]));
  return [...all.values()].filter(({ correlationId, data: { orderId: about } }) =>
    about === undefined ? correlations.has(correlationId) : about === orderId,
  );
}

describe.each([
  ["an order with a dead letter that was redriven", () => redriven],
  ["an order that waited for its customer's bank", () => approved],
])("%s", (_, orderId) => {
  test("is told from its request on, with each event that was relayed and no other", () => {
    const all = story(orderId());
    expect(inWords(all[0]!)).toBe("POST /orders: done");
    const relayed = all.filter(({ message }) => message === "relay").flatMap(({ eventId }) => eventId!.split(" "));
    expect(relayed.length).toBeGreaterThan(5);
    expect(relayed.sort()).toEqual(
      eventsOf(orderId())
        .map(({ id }) => id)
        .sort(),
    );
  });

  test("tells for each event of every subscriber, after the event, and that all of them are done in the end", () => {
    const all = story(orderId());
    for (const event of eventsOf(orderId())) {
      const at = all.findIndex(({ message, eventId }) => message === "relay" && eventId?.includes(event.id));
      for (const { name, kind } of subscribersOf(system.local.topology).filter(({ takes }) => takes(event))) {
        const step = kind === "function" ? name : "ReserveStock";
        const attempts = all.slice(at).filter((line) => line.eventId === event.id && line.step === step);
        expect(attempts.at(-1)?.outcome, `${name} of ${event.name}`).toBe("done");
        expect(attempts).toEqual(all.filter((line) => line.eventId === event.id && line.step === step));
      }
    }
  });

  test("has one trace for all that follows from one request", () => {
    const traces = new Map<string, Set<string>>();
    for (const { message, correlationId = "", traceparent = "" } of story(orderId())) {
      if (message === "redriven" || !correlationId) continue;
      const trace = traceparent.split("-")[1] ?? "";
      traces.set(correlationId, (traces.get(correlationId) ?? new Set()).add(trace));
    }
    for (const [correlationId, ids] of traces) {
      expect([...ids], correlationId).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
    }
    expect(new Set([...traces.values()].flatMap((ids) => [...ids])).size).toBe(traces.size);
  });
});

describe("the order with a dead letter", () => {
  test("tells the steps of its checkout, and what each has asked the provider for", () => {
    const steps = story(redriven).filter(({ message }) => message === "step");
    expect(steps.map(inWords)).toEqual([
      "ReserveStock ← order.placed: done",
      "AuthorizePayment ← order.placed: done (sandbox.authorize)",
      "ConfirmOrder ← order.placed: done",
      "CapturePayment ← order.placed: done (sandbox.capture)",
    ]);
    expect(steps.map(({ idempotency }) => idempotency)).toEqual(["new", "new", "new", "new"]);
  });

  test("tells each attempt of the subscriber that failed, its letter, the redrive, and the attempt that succeeded", () => {
    expect(told(redriven, "CommitReservation")).toEqual([
      "CommitReservation ← order.confirmed: failed UnavailableError",
      "CommitReservation ← order.confirmed attempt 2: failed UnavailableError",
      "CommitReservation ← order.confirmed attempt 3: failed UnavailableError",
      "CommitReservation ← order.confirmed attempt 4: failed UnavailableError",
      "CommitReservation ← order.confirmed attempt 5: dead letter UnavailableError",
      "CommitReservation ← order.confirmed attempt 5: redriven UnavailableError",
      "CommitReservation ← order.confirmed attempt 6: done",
    ]);
  });

  test("names the request of the operator who redrove it", () => {
    const { requestId } = story(redriven).find(({ message }) => message === "redriven")!;
    const request = lines.find(({ message, correlationId }) => message === "request" && correlationId === requestId);
    expect(request).toMatchObject({ route: "POST /ops/dead-letters/redrive", step: "CommitReservation", count: 1 });
  });
});

test("an order that waited tells how it came to go on: the bank's answer, the webhook, and its second checkout", () => {
  const all = story(approved);
  const words = all.filter(({ message, route }) => message === "step" || !route?.startsWith("GET ")).map(inWords);
  const way = [
    "AuthorizePayment ← order.placed: waiting (sandbox.authorize)",
    "POST /sandbox/challenges/:reference: done",
    "SandboxWork: done",
    "POST /webhooks/:provider: done",
    "PaymentRelay ← payment.notified: done",
    "HeedWebhook ← payment.notified: done (sandbox.find)",
    "ResumeCheckout ← payment.action-completed: done",
    "OrderRelay ← checkout.resumed: done",
    "ConfirmOrder ← checkout.resumed: done",
    "CapturePayment ← checkout.resumed: done (sandbox.capture)",
  ];
  expect(words.filter((text) => way.includes(text))).toEqual(way);
  const again = all.find(({ step, event }) => step === "ReserveStock" && event === "checkout.resumed");
  expect(again).toMatchObject({ outcome: "done", idempotency: "unchanged" });
});

test("an event that was replayed tells to whom, and that its effect had happened", () => {
  const [replayed, ...others] = story(approved).filter(({ receiver }) => receiver !== undefined);
  expect(others).toEqual([]);
  expect(replayed).toMatchObject({ step: "Replay", event: "order.confirmed", receiver: "RecordTimeline" });
  const deliveries = story(approved).filter(
    ({ step, eventId }) => step === "RecordTimeline" && eventId === replayed!.eventId,
  );
  expect(deliveries.map(({ outcome, idempotency }) => [outcome, idempotency])).toEqual([
    ["done", "new"],
    ["done", "duplicate"],
  ]);
});

describe("every unit of work", () => {
  test("has one line: each request, step, message and change that a function was given, and each run", () => {
    const written: Record<string, number> = {};
    for (const { functionName } of lines.filter(isUnit)) written[functionName] = (written[functionName] ?? 0) + 1;
    expect(written).toEqual(given);
  });

  test("tells how long it took, and what of that was waiting for others", () => {
    for (const line of lines.filter(isUnit)) {
      expect(line.downstreamMs, inWords(line)).toBeGreaterThanOrEqual(0);
      expect(line.durationMs, inWords(line)).toBeGreaterThanOrEqual(line.downstreamMs!);
    }
    for (const { asked, downstreamMs } of lines) if (asked) expect(downstreamMs, asked).toBeGreaterThan(0);
  });

  test.each([
    ["readUnits", "tableReadUnits"],
    ["writeUnits", "tableWriteUnits"],
  ] as const)("tells its %s: together what was metered, but for what a condition refused", (field, kind) => {
    const sum = lines.reduce((total, line) => total + (line[field] ?? 0), 0);
    const { amount: metered } = sumOf(used, kind);
    expect(metered).toBeGreaterThan(50);
    expect(sum).toBeLessThanOrEqual(metered);
    expect(sum).toBeGreaterThan(metered * 0.85);
  });

  test("of all that a function did, one was the first of its environment", () => {
    const log = readFileSync(join(system.stateFolder, "log.jsonl"), "utf8").split("\n").slice(0, -1);
    const cold: Record<string, number> = {};
    for (const { function: name, line } of log.map((text) => JSON.parse(text) as { function: string; line?: Told })) {
      if (line && isUnit(line)) cold[name] = (cold[name] ?? 0) + (line.coldStart ? 1 : 0);
    }
    expect(Object.keys(cold)).toEqual(expect.arrayContaining(Object.keys(given)));
    expect([...new Set(Object.values(cold))]).toEqual([1]);
  });
});
