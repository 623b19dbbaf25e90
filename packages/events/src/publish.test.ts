import { expect, test } from "vitest";
import { createEvent } from "./definition.ts";
import type { Envelope } from "./envelope.ts";
import { deriveId, newId } from "./id.ts";
import { OrderPaid, UserRegistered } from "./index.ts";
import { assertPublishable, type Entry, EventTooLargeError, publish } from "./publish.ts";

function registered(subject: string, sequence = 1): Envelope {
  const userId = deriveId("usr", subject);
  const about = { subject, sequence, time: new Date(0), cause: { correlationId: "c" }, data: { userId } };
  return createEvent(UserRegistered, about) as Envelope;
}

test("sends at most ten entries in one request, in order", async () => {
  const events = Array.from({ length: 23 }, (_, index) => registered(`user-${index}`));
  const requests: Entry[][] = [];
  const failures = await publish(events, {
    busName: "bus",
    putEvents: async (entries) => {
      requests.push(entries);
      return { Entries: entries.map(() => ({})) };
    },
  });
  expect(failures).toEqual([]);
  expect(requests.map((request) => request.length)).toEqual([10, 10, 3]);
  expect(requests.flat().map((entry) => JSON.parse(entry.Detail).subject)).toEqual(events.map((e) => e.subject));
});

test("reports the entries that a 200 answer says have failed, and only those", async () => {
  const events = ["a", "b", "c"].map((subject) => registered(subject));
  const failures = await publish(events, {
    busName: "bus",
    putEvents: async (entries) => ({
      Entries: entries.map((_, index) => (index === 1 ? { ErrorCode: "InternalFailure", ErrorMessage: "no" } : {})),
    }),
  });
  expect(failures).toEqual([{ event: events[1], reason: "InternalFailure: no" }]);
});

test("an event whose predecessor failed is not sent before it", async () => {
  const events = [registered("a", 1), registered("a", 2), registered("b", 1)];
  const sent: string[] = [];
  const failures = await publish(events, {
    busName: "bus",
    putEvents: async (entries) => {
      sent.push(...entries.map((entry) => `${JSON.parse(entry.Detail).subject}${JSON.parse(entry.Detail).sequence}`));
      return { Entries: entries.map(() => (sent.length === 1 ? { ErrorCode: "ThrottlingException" } : {})) };
    },
  });
  expect(sent).toEqual(["a1", "b1"]);
  expect(failures.map(({ event }) => event)).toEqual([events[0], events[1]]);
});

test("a request that fails as a whole fails each of its entries", async () => {
  const events = [registered("a"), registered("b")];
  const failures = await publish(events, {
    busName: "bus",
    putEvents: async () => {
      throw new Error("connection reset");
    },
  });
  expect(failures.map(({ reason }) => reason)).toEqual(["Error: connection reset", "Error: connection reset"]);
});

test("an event that no request could carry is refused when it is written", () => {
  const event = { ...registered("a"), data: { text: "x".repeat(256 * 1024) } };
  expect(() => assertPublishable(event)).toThrow(EventTooLargeError);
});

test("data that does not fit the definition never becomes an event", () => {
  const about = { subject: "o", sequence: 1, time: new Date(0), cause: { correlationId: "c" } };
  const data = { orderId: newId("ord"), customerId: newId("usr"), total: { amount: 1.5, currency: "EUR" } };
  expect(() => createEvent(OrderPaid, { ...about, data })).toThrow();
});
