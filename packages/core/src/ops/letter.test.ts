import { createEvent, newId, PaymentCaptured, toAttributes } from "@cartwright/events";
import { describe, expect, test } from "vitest";
import { eventIn, fits, toLetter } from "./letter.ts";
import type { Received } from "./reading.ts";
import type { Subscriber } from "./subscriber.ts";

const subscriber = { name: "MarkPaid", redrivesTo: "nothing" } as Subscriber;
const orderId = newId("ord");
const event = createEvent(PaymentCaptured, {
  subject: newId("pay"),
  sequence: 3,
  time: new Date("2026-03-01T03:00:00.500Z"),
  cause: { correlationId: "c" },
  data: { paymentId: newId("pay"), orderId, amount: { amount: 1, currency: "EUR" } },
});

function received(overrides: Partial<Received> = {}): Received {
  const body = JSON.stringify({ "detail-type": event.name, detail: event });
  const sentAt = "2026-03-01T03:00:01.000Z";
  return { id: "m-1", body, attributes: {}, sentAt, movedBySqs: false, receiptHandle: "r", ...overrides };
}

describe("a letter", () => {
  test("tells its event and its failure, and nothing of the event's data but the order", () => {
    const attributes = toAttributes({ code: "UnavailableError", message: "no", attempts: 5, lastAt: "now" });
    const { id, name, version, time, subject, correlationId } = event;
    expect(toLetter(subscriber, received({ attributes }))).toEqual({
      id: "m-1",
      subscriber: "MarkPaid",
      event: { id, name, version, time, subject, correlationId, orderId },
      failure: { code: "UnavailableError", message: "no", attempts: 5, lastAt: "now" },
      sentAt: "2026-03-01T03:00:01.000Z",
    });
  });

  test.each(["", "null", "[]", "{", '{"detail":null}', '{"detail":{"name":"x"}}'])(
    "of body %j has no event",
    (body) => {
      expect(toLetter(subscriber, received({ body }))).not.toHaveProperty("event");
    },
  );

  test("of an event whose data makes no sense, or is too new, still tells which it is", () => {
    const body = { detail: { ...event, version: 99, data: null } };
    expect(eventIn(body)).toMatchObject({ name: "payment.captured", version: 99 });
    expect(eventIn(body)).not.toHaveProperty("orderId");
  });

  test("that SQS moved by itself says where to look, whatever an earlier failure has left in it", () => {
    const attributes = toAttributes({ code: "Earlier", message: "no", attempts: 5, firstAt: "then" });
    const { failure } = toLetter(subscriber, received({ attributes, movedBySqs: true }));
    expect(failure).toMatchObject({ code: "Unreported", firstAt: "then" });
    expect(failure).not.toHaveProperty("attempts");
    expect(failure.message).toContain("m-1");
  });

  test("that Lambda wrote for a failed run tells the run's error", () => {
    const body = JSON.stringify({
      timestamp: "2026-03-01T03:00:00.000Z",
      requestContext: { condition: "RetriesExhausted", approximateInvokeCount: 3 },
      requestPayload: {},
      responsePayload: { errorType: "TypeError", errorMessage: "closed" },
    });
    const { failure } = toLetter(subscriber, received({ body }));
    expect(failure).toEqual({ code: "TypeError", message: "closed", attempts: 3, lastAt: "2026-03-01T03:00:00.000Z" });
  });

  test("that Lambda wrote for records of a stream tells how many it gave up", () => {
    const body = JSON.stringify({
      timestamp: "2026-03-01T03:00:00.000Z",
      requestContext: { condition: "RetryAttemptsExhausted", approximateInvokeCount: 101 },
      DDBStreamBatchInfo: { shardId: "s", batchSize: 2 },
    });
    const { failure } = toLetter(subscriber, received({ body }));
    expect(failure).toMatchObject({ code: "RetryAttemptsExhausted", attempts: 101 });
    expect(failure.message).toContain("2 records");
  });
});

describe("a filter", () => {
  const told = eventIn({ detail: event });

  test.each([
    [{}, true],
    [{ orderId }, true],
    [{ orderId: newId("ord") }, false],
    [{ correlationId: "c", event: "payment.captured" }, true],
    [{ correlationId: "d", event: "payment.captured" }, false],
    [{ event: "payment.voided" }, false],
    [{ after: "2026-03-01T03:00:00.500Z" }, true],
    [{ after: "2026-03-01T03:00:00.501Z" }, false],
    [{ before: "2026-03-01T03:00:00.500Z" }, false],
    [{ before: "2026-03-01T03:00:00.501Z" }, true],
    [{ after: "2026-03-01T04:00:00+02:00", before: "2026-03-01T05:00:00+01:00" }, true],
  ])("of %j is decided by all that it says", (filter, right) => {
    expect(fits(told, filter)).toBe(right);
  });

  test("that says anything leaves out what has no event", () => {
    expect(fits(undefined, {})).toBe(true);
    expect(fits(undefined, { before: "2026-03-01T03:00:00Z" })).toBe(false);
    expect(fits(undefined, { event: "payment.captured" })).toBe(false);
  });
});
