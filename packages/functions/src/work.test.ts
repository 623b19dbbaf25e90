import { Inventory } from "@cartwright/core/inventory";
import { measure } from "@cartwright/core/metric";
import { createProduct, reserve as hold } from "@cartwright/core/test/inventory";
import { createInput, createPrice } from "@cartwright/core/test/order";
import {
  createEvent,
  type Envelope,
  newId,
  OrderConfirmed,
  type OrderLine,
  OrderPlaced,
  toAttributes,
} from "@cartwright/events";
import type { SQSRecord } from "aws-lambda";
import { Resource } from "sst";
import { describe, expect, test, vi } from "vitest";
import { actAs, takeLetters } from "./test/letters.ts";
import { listen } from "./test/log.ts";
import { placeOrder } from "./test/placed-order.ts";
import { batchOf } from "./test/queue.ts";

vi.hoisted(() => {
  // Read when the logger is made: tests are silent otherwise, and on its own console it can't be listened to.
  Object.assign(process.env, { POWERTOOLS_LOG_LEVEL: "INFO", POWERTOOLS_DEV: "true" });
  Object.assign(process.env, { POWERTOOLS_METRICS_DISABLED: "false", POWERTOOLS_SERVICE_NAME: "cartwright" });
});

const { orders } = await import("./order.ts");
const { handler: commitReservation } = await import("./reaction/commit-reservation.ts");
const { handler: watchCheckout } = await import("./reaction/watch-checkout.ts");
const { reserve } = await import("./saga/stock.ts");
const { handler: sweepReservations } = await import("./schedule/sweep-reservations.ts");

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const cause = { correlationId: "a request", traceparent };

/** The lines that were written meanwhile. */
async function linesOf(run: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const lines = listen();
  await run().catch(() => {});
  return lines.map((line) => JSON.parse(line));
}

const isNumber = expect.any(Number);
const costs = { durationMs: isNumber, downstreamMs: isNumber, readUnits: isNumber, writeUnits: isNumber };

function placed(orderId: string, lines: OrderLine[]) {
  const deadlineAt = new Date(Date.now() + 60_000).toISOString();
  const total = { amount: 900, currency: "EUR" };
  const data = { orderId, customerId: newId("usr"), lines, total, sealedToken: "s", deadlineAt, abandoned: false };
  return createEvent(OrderPlaced, { subject: orderId, sequence: 1, time: new Date(), cause, data });
}

function confirmed(orderId: string) {
  const lines = [{ sku: "CUP", quantity: 1 }];
  const data = { orderId, customerId: newId("usr"), lines, total: { amount: 900, currency: "EUR" } };
  return createEvent(OrderConfirmed, { subject: orderId, sequence: 2, time: new Date(), cause, data });
}

const of = ({ id: eventId, name: event }: Envelope<unknown>) => ({ eventId, event, ...cause });

test("the first unit of work of an environment says that it was cold, and no other one does", async () => {
  const lines = await linesOf(async () => {
    for (let time = 0; time < 3; time++) await orders.request("/carts/none");
  });
  expect(lines.map(({ coldStart }) => coldStart)).toEqual([true, undefined, undefined]);
});

describe("a request", () => {
  test("tells its route, its order, its cost, and whether it had been answered before", async () => {
    await createPrice("CUP", 950);
    const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID(), traceparent };
    const request = { method: "POST", headers, body: JSON.stringify(createInput()) };
    const lines = await linesOf(async () => {
      for (let time = 0; time < 2; time++) await orders.request("/orders", request);
    });
    const told = { level: "INFO", message: "request", route: "POST /orders", status: 202, outcome: "done" };
    const orderId = expect.stringMatching(/^ord_/);
    expect(lines).toMatchObject([
      { ...told, ...costs, traceparent, correlationId: expect.any(String), orderId, idempotency: "new" },
      { ...told, ...costs, orderId: lines[0]!.orderId, idempotency: "replayed" },
    ]);
    expect(lines[0]!.writeUnits).toBeGreaterThanOrEqual(2);
    expect(lines[0]!.downstreamMs).toBeGreaterThan(0);
  });

  test("that is refused tells its code, and of the path no more than an order's id", async () => {
    const orderId = newId("ord");
    const lines = await linesOf(async () => {
      for (const id of [orderId, "ada@example.com"]) await orders.request(`/orders/${id}`);
    });
    const refused = { route: "GET /orders/:id", status: 401, outcome: "refused", code: "unauthenticated" };
    expect(lines).toMatchObject([{ ...refused, orderId }, refused]);
    expect(lines[1]).not.toHaveProperty("orderId");
  });
});

describe("a step of the saga", () => {
  test("tells the order, the event that started it and its trace; done again, that nothing was left to do", async () => {
    const orderId = newId("ord");
    const event = placed(orderId, [{ sku: await createProduct(1), quantity: 1 }]);
    const lines = await linesOf(async () => {
      for (let retry = 0; retry < 2; retry++) await reserve({ event, retry });
    });
    const told = { level: "INFO", message: "step", step: "ReserveStock", orderId, outcome: "done", ...of(event) };
    expect(lines).toMatchObject([
      { ...told, ...costs, attempt: 1, idempotency: "new" },
      { ...told, ...costs, attempt: 2, idempotency: "unchanged" },
    ]);
    expect(lines[0]!.writeUnits).toBeGreaterThanOrEqual(4);
  });

  test("that refuses tells the name that the state machine goes by, and is no error", async () => {
    const event = placed(newId("ord"), [{ sku: await createProduct(1), quantity: 2 }]);
    const lines = (await linesOf(() => reserve({ event }))).filter(({ message }) => message === "step");
    expect(lines).toMatchObject([{ level: "INFO", outcome: "refused", code: "OutOfStockError", ...of(event) }]);
    expect(lines[0]).not.toHaveProperty("error");
  });

  test("that can't read its event is an error", async () => {
    const lines = await linesOf(() =>
      reserve({ event: { ...placed(newId("ord"), [{ sku: "CUP", quantity: 1 }]), version: 9 } }),
    );
    const error = { name: "EventTooNewError" };
    expect(lines).toMatchObject([{ level: "ERROR", step: "ReserveStock", outcome: "failed", code: error.name, error }]);
  });
});

describe("a message", () => {
  test("that succeeds has a line, and its neighbour one of its own with what it has cost itself", async () => {
    const sku = await createProduct(3);
    const events = [confirmed(await hold(sku)), confirmed(await hold(sku)), confirmed(await hold(sku))];
    await Inventory.commit(events[1]!.data.orderId, cause);
    const lines = await linesOf(() => commitReservation(batchOf(...events)));
    const told = { level: "INFO", message: "delivery", step: "CommitReservation", attempt: 1, outcome: "done" };
    const byEvent = new Map(lines.map((line) => [line.eventId, line]));
    expect(byEvent.size).toBe(3);
    const idempotency = ["new", "unchanged", "new"];
    for (const [index, event] of events.entries()) {
      const { orderId } = event.data;
      const line = { ...told, ...costs, ...of(event), orderId, idempotency: idempotency[index] };
      expect(byEvent.get(event.id)).toMatchObject(line);
    }
    expect(events.map(({ id }) => byEvent.get(id)!.writeUnits === 0)).toEqual([false, true, false]);
  });

  test("tells which attempt it is, with those before it was redriven, and that it became a dead letter", async () => {
    actAs("CommitReservation", 2);
    const event = confirmed(newId("ord"));
    const lines = await linesOf(async () => {
      await commitReservation({ Records: [redrivenAfter(5, event, 1)] });
      await commitReservation({ Records: [redrivenAfter(5, event, 2)] });
    });
    const told = { level: "ERROR", message: "delivery", ...of(event), orderId: event.data.orderId };
    const error = { name: "ReservationReleasedError" };
    expect(lines).toMatchObject([
      { ...told, attempt: 6, outcome: "failed", code: error.name, error },
      { ...told, attempt: 7, outcome: "dead letter", code: error.name, error },
    ]);
    expect(await takeLetters("CommitReservation")).toMatchObject([{ failure: { attempts: 7, code: error.name } }]);
  });

  test("that came too early is waiting, and no error", async () => {
    actAs("WatchCheckout", 30);
    const { id: orderId } = await placeOrder();
    const lines = await linesOf(() => watchCheckout(batchOf(placed(orderId, [{ sku: "CUP", quantity: 1 }]))));
    const deliveries = lines.filter(({ message }) => message === "delivery");
    expect(deliveries).toMatchObject([{ level: "INFO", step: "WatchCheckout", orderId, outcome: "waiting" }]);
  });

  test("that is no event at all has a line as well", async () => {
    actAs("CommitReservation", 5);
    const message = { ...batchOf(confirmed(newId("ord"))).Records[0]!, body: "{" };
    const lines = await linesOf(() => commitReservation({ Records: [message] }));
    const { messageId } = message;
    expect(lines).toMatchObject([{ messageId, attempt: 1, outcome: "dead letter", code: "MalformedEventError" }]);
    await takeLetters("CommitReservation");
  });
});

function redrivenAfter(attempts: number, event: Parameters<typeof batchOf>[0], receives: number): SQSRecord {
  const [message] = batchOf(event).Records;
  const told = Object.entries(toAttributes({ code: "TimeoutError", message: "too slow", attempts }));
  const attributes = told.map(([name, { StringValue }]) => [name, { stringValue: StringValue, dataType: "String" }]);
  return {
    ...message!,
    attributes: { ...message!.attributes, ApproximateReceiveCount: String(receives) },
    messageAttributes: Object.fromEntries(attributes),
  };
}

test("a run of a schedule begins a story of its own, and tells how much it had to do", async () => {
  const lines = await linesOf(async () => {
    for (let time = 0; time < 2; time++) await sweepReservations();
  });
  const run = { message: "run", step: "SweepReservations", outcome: "done", count: isNumber, ...costs };
  const story = { correlationId: expect.stringMatching(/^req_/), traceparent: expect.stringMatching(/^00-/) };
  expect(lines.filter(({ message }) => message === "run")).toMatchObject([
    { ...run, ...story },
    { ...run, ...story },
  ]);
  expect(new Set(lines.map(({ correlationId }) => correlationId)).size).toBe(2);
});

test("a metric names its service and stage besides what it is about", async () => {
  const about = { orderId: newId("ord") };
  const metric = { name: "Waited", value: 1.5, unit: "Seconds", dimensions: { domain: "order" }, about } as const;
  const [line] = await linesOf(async () => measure(metric));
  const { stage } = Resource.App;
  expect(line).toMatchObject({ service: "cartwright", stage, domain: "order", Waited: 1.5, ...about });
  expect(line!._aws).toMatchObject({
    CloudWatchMetrics: [
      {
        Namespace: "Cartwright",
        Dimensions: [["service", "stage", "domain"]],
        Metrics: [{ Name: "Waited", Unit: "Seconds" }],
      },
    ],
  });
});
