import { expect, test } from "vitest";
import { createEvent } from "./definition.ts";
import type { Envelope } from "./envelope.ts";
import { deriveId, newId } from "./id.ts";
import { OrderPaid, UserRegistered } from "./index.ts";
import { assertPublishable, type Entry, EventTextError, EventTooLargeError, publish } from "./publish.ts";

function registered(subject: string, sequence = 1): Envelope {
  const userId = deriveId("usr", subject);
  const about = { subject, sequence, time: new Date(0), cause: { correlationId: "c" }, data: { userId } };
  return createEvent(UserRegistered, about) as Envelope;
}

const taken = () => ({ EventId: "1" });

test("sends at most ten entries in one request, in order", async () => {
  const events = Array.from({ length: 23 }, (_, index) => registered(`user-${index}`));
  const requests: Entry[][] = [];
  const failures = await publish(events, {
    busName: "bus",
    putEvents: async (entries) => {
      requests.push(entries);
      return { Entries: entries.map(taken) };
    },
  });
  expect(failures).toEqual([]);
  expect(requests.map((request) => request.length)).toEqual([10, 10, 3]);
  expect(requests.flat().map((entry) => JSON.parse(entry.Detail).subject)).toEqual(events.map((e) => e.subject));
});

test("sends the entries that a 200 answer says have failed again, and only those", async () => {
  const events = ["a", "b", "c", "d"].map((subject) => registered(subject));
  const requests: string[][] = [];
  const fails = (subject: string) => subject === "b" || (subject === "d" && requests.length === 1);
  const pauses: number[] = [];
  const failures = await publish(events, {
    busName: "bus",
    pause: async (attempt) => pauses.push(attempt),
    putEvents: async (entries) => {
      const subjects = entries.map((entry) => JSON.parse(entry.Detail).subject as string);
      requests.push(subjects);
      return { Entries: subjects.map((subject) => (fails(subject) ? { ErrorCode: "InternalFailure" } : taken())) };
    },
  });
  expect(requests).toEqual([["a", "b", "c", "d"], ["b", "d"], ["b"]]);
  expect(pauses).toEqual([1, 2]);
  expect(failures.map(({ event }) => event.subject)).toEqual(["b"]);
});

test("a request that is refused for one of its entries does not keep the others", async () => {
  const events = ["a", "bad", "c"].map((subject) => registered(subject));
  const sent: string[] = [];
  const failures = await publish(events, {
    busName: "bus",
    putEvents: async (entries) => {
      const subjects = entries.map((entry) => JSON.parse(entry.Detail).subject as string);
      if (subjects.includes("bad")) throw Object.assign(new Error("no"), { name: "ValidationException" });
      sent.push(...subjects);
      return { Entries: entries.map(taken) };
    },
  });
  expect(sent).toEqual(["a", "c"]);
  expect(failures).toMatchObject([{ event: { subject: "bad" }, permanent: true }]);
});

test.each(["\ufffe", "\uffff"])("a character that queues refuse (%j) is refused when it is written", (character) => {
  const event = { ...registered("a"), data: { text: `a${character}` } };
  expect(() => assertPublishable(event)).toThrow(EventTextError);
});

test("nothing more is sent once the time is up, and what was not sent is told", async () => {
  const events = Array.from({ length: 25 }, (_, index) => registered(`user-${index}`));
  let requests = 0;
  const failures = await publish(events, {
    busName: "bus",
    limitMs: 50,
    putEvents: async () => {
      requests++;
      await new Promise((resolve) => setTimeout(resolve, 60));
      throw new Error("no answer");
    },
  });
  expect(requests).toBe(1);
  expect(failures.map(({ event }) => event.subject)).toEqual(events.map(({ subject }) => subject));
  expect(failures.map(({ failure }) => failure.code)).toEqual([
    ...Array(10).fill("Error"),
    ...Array(15).fill("OutOfTime"),
  ]);
});

test("an entry that the bus will never take is sent once, and holds nothing back", async () => {
  const events = [registered("a", 1), registered("a", 2)];
  const sent: number[] = [];
  const failures = await publish(events, {
    busName: "bus",
    putEvents: async (entries) => {
      const sequences = entries.map((entry) => JSON.parse(entry.Detail).sequence as number);
      sent.push(...sequences);
      return { Entries: sequences.map((sequence) => (sequence === 1 ? { ErrorCode: "MalformedDetail" } : taken())) };
    },
  });
  expect(sent).toEqual([1, 2]);
  expect(failures).toEqual([
    {
      event: events[0],
      failure: { code: "MalformedDetail", message: "the bus gave no answer for this entry" },
      permanent: true,
    },
  ]);
});

test("an event that no request could carry is refused alone, without a request", async () => {
  const events = [registered("a"), { ...registered("b"), data: { text: "x".repeat(256 * 1024) } }, registered("c")];
  const sent: string[] = [];
  const failures = await publish(events, {
    busName: "bus",
    putEvents: async (entries) => {
      sent.push(...entries.map((entry) => JSON.parse(entry.Detail).subject as string));
      return { Entries: entries.map(taken) };
    },
  });
  expect(sent).toEqual(["a", "c"]);
  expect(failures).toMatchObject([{ event: { subject: "b" }, permanent: true }]);
});

test("no request comes up to 256 KB, which the bus refuses", async () => {
  const events = Array.from({ length: 9 }, (_, index) => ({
    ...registered(`user-${index}`),
    data: { text: "x".repeat(60 * 1024) },
  }));
  const sizes: number[] = [];
  await publish(events, {
    busName: "bus",
    putEvents: async (entries) => {
      const bytes = entries.map((entry) => 14 + (entry.Source + entry.DetailType + entry.Detail).length);
      sizes.push(bytes.reduce((sum, size) => sum + size, 0));
      return { Entries: entries.map(taken) };
    },
  });
  expect(sizes.length).toBe(3);
  expect(Math.max(...sizes)).toBeLessThan(256 * 1024);
});

test("an event leaves 16 KB of 256 for what the bus and the queues wrap around it; one byte more is refused", () => {
  const filled = (length: number) => ({ ...registered("a"), data: { text: "x".repeat(length) } });
  const envelopeBytes = 14 + JSON.stringify(filled(0)).length + "cartwright.user".length + "user.registered".length;
  expect(() => assertPublishable(filled(240 * 1024 - envelopeBytes))).not.toThrow();
  expect(() => assertPublishable(filled(240 * 1024 - envelopeBytes + 1))).toThrow(EventTooLargeError);
});

test("the trace of an event goes on to the targets of the bus", async () => {
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const entries: Entry[] = [];
  await publish([{ ...registered("a"), traceparent }, registered("b")], {
    busName: "bus",
    putEvents: async (sent) => {
      entries.push(...sent);
      return { Entries: sent.map(taken) };
    },
  });
  expect(entries[0]!.TraceHeader).toBe("Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1");
  expect(entries[1]).not.toHaveProperty("TraceHeader");
});

test("reports the entries that a 200 answer says have failed, and only those", async () => {
  const events = ["a", "b", "c"].map((subject) => registered(subject));
  const failures = await publish(events, {
    busName: "bus",
    attempts: 1,
    putEvents: async (entries) => ({
      Entries: entries.map((_, index) =>
        index === 1 ? { ErrorCode: "InternalFailure", ErrorMessage: "no" } : taken(),
      ),
    }),
  });
  expect(failures).toEqual([
    { event: events[1], failure: { code: "InternalFailure", message: "no" }, permanent: false },
  ]);
});

test("an event whose predecessor failed is not sent before it", async () => {
  const events = [registered("a", 1), registered("a", 2), registered("b", 1)];
  const sent: string[] = [];
  const failures = await publish(events, {
    busName: "bus",
    attempts: 1,
    putEvents: async (entries) => {
      sent.push(...entries.map((entry) => `${JSON.parse(entry.Detail).subject}${JSON.parse(entry.Detail).sequence}`));
      return { Entries: entries.map(() => (sent.length === 1 ? { ErrorCode: "ThrottlingException" } : taken())) };
    },
  });
  expect(sent).toEqual(["a1", "b1"]);
  expect(failures.map(({ event }) => event)).toEqual([events[0], events[1]]);
});

test.each([{}, { ErrorMessage: "boom" }, { ErrorCode: "" }, { EventId: "" }, undefined])(
  "an entry whose answer is %j has not arrived",
  async (answer) => {
    const options = { busName: "bus", attempts: 1 };
    const putEvents = async () => ({ Entries: answer ? [answer] : [] });
    expect(await publish([registered("a")], { ...options, putEvents })).toMatchObject([{ permanent: false }]);
  },
);

test("a request that fails as a whole fails each of its entries", async () => {
  const events = [registered("a"), registered("b")];
  const failures = await publish(events, {
    busName: "bus",
    attempts: 1,
    putEvents: async () => {
      throw new Error("connection reset");
    },
  });
  expect(failures.map(({ failure }) => failure)).toEqual(Array(2).fill({ code: "Error", message: "connection reset" }));
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
