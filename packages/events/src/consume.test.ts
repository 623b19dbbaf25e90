import { expect, test } from "vitest";
import { consume, type Failure, type QueueMessage } from "./consume.ts";
import { createEvent } from "./definition.ts";
import type { Envelope } from "./envelope.ts";
import { newId } from "./id.ts";
import { PaymentDeclined, UserRegistered } from "./index.ts";

const message = (messageId: string, detail: unknown) => ({ messageId, body: JSON.stringify({ detail }) });

function registered(): Envelope {
  const userId = newId("usr");
  const about = { subject: userId, sequence: 1, time: new Date(0), cause: { correlationId: "c" } };
  return createEvent(UserRegistered, { ...about, data: { userId } }) as Envelope;
}

/** A subscriber to `user.registered` that keeps account of what went well and what did not. */
function subscriber(effect: (event: Envelope<{ userId: string }>) => Promise<void> = async () => {}) {
  const seen: Envelope<{ userId: string }>[] = [];
  const failures: Failure<QueueMessage>[] = [];
  const handler = consume(
    {
      [UserRegistered.name]: async (event) => {
        await effect(event);
        seen.push(event);
      },
    },
    async (failure) => {
      failures.push(failure);
      return failure.permanent ? "taken-over" : "offer-again";
    },
  );
  return { handler, seen, failures };
}

test("one message that fails does not fail its neighbours", async () => {
  const events = [registered(), registered(), registered()];
  const { handler, seen, failures } = subscriber(async (event) => {
    if (event.id === events[1]!.id) throw new Error("poison");
  });
  const answer = await handler({ Records: events.map((event, index) => message(`m${index}`, event)) });
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "m1" }] });
  expect(seen.map(({ id }) => id)).toEqual([events[0]!.id, events[2]!.id]);
  expect(failures.map((failure) => [failure.message.messageId, failure.permanent])).toEqual([["m1", false]]);
});

test.each([
  ["an event without an effect here", { ...registered(), name: "order.paid" }, "UnknownEventError", "order.paid"],
  ["an event that nobody defines", { ...registered(), name: "user.forgotten" }, "UnknownEventError", "redrive"],
  [
    "a version from the future",
    { ...registered(), version: 2 },
    "EventTooNewError",
    "version 2 is newer than version 1",
  ],
  ["data that does not fit", { ...registered(), data: { userId: "someone" } }, "MalformedEventError", "userId"],
  ["something that is no event", { hello: "world" }, "MalformedEventError", "name"],
])("%s can't be consumed by trying again, and the reason says what to do", async (_, detail, name, told) => {
  const { handler, seen, failures } = subscriber();
  expect(await handler({ Records: [message("m", detail)] })).toEqual({ batchItemFailures: [] });
  expect(seen).toEqual([]);
  expect(failures).toMatchObject([{ permanent: true, error: { name } }]);
  expect(String(failures[0]!.error)).toContain(told);
});

test.each(["{", "null", '"text"'])("a body of %s is no message of the bus", async (body) => {
  const { handler, failures } = subscriber();
  await handler({ Records: [{ messageId: "m", body }] });
  expect(failures).toMatchObject([{ permanent: true, error: { name: "MalformedEventError" } }]);
});

test("a field that was added later is ignored by a consumer that does not know it", async () => {
  const event = registered();
  const { handler, seen } = subscriber();
  await handler({ Records: [message("m", { ...event, data: { ...event.data, since: "today" } })] });
  expect(seen).toEqual([event]);
});

test("an earlier version arrives as today's", async () => {
  const [paymentId, orderId] = [newId("pay"), newId("ord")];
  const data = { paymentId, orderId, amount: { amount: 100, currency: "EUR" }, reason: "do_not_honour" };
  const v1 = { ...registered(), name: "payment.declined", version: 1, source: "cartwright.payment", data };
  const seen: unknown[] = [];
  const handler = consume(
    { [PaymentDeclined.name]: async (event) => void seen.push([event.version, event.data]) },
    async () => "offer-again",
  );
  expect(await handler({ Records: [message("m", v1)] })).toEqual({ batchItemFailures: [] });
  expect(seen).toEqual([[2, { ...data, reason: "other", providerReason: "do_not_honour" }]]);
});
