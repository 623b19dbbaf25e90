import { expect, test } from "vitest";
import { consume, on } from "./consume.ts";
import { createEvent, type Envelope, pattern } from "./envelope.ts";
import { newId } from "./id.ts";
import { OrderConfirmed, OrderPlaced, ProductCreated, registry, UserRegistered } from "./index.ts";

const message = (messageId: string, detail: unknown) => ({ messageId, body: JSON.stringify({ detail }) });

function registered(): Envelope {
  const userId = newId("usr");
  const about = { subject: userId, sequence: 1, time: new Date(0), cause: { correlationId: "c" } };
  return createEvent(UserRegistered, { ...about, data: { userId } }) as Envelope;
}

test("one message that fails does not fail its neighbours", async () => {
  const events = [registered(), registered(), registered()];
  const seen: string[] = [];
  const reported: string[] = [];
  const handler = consume(
    [
      on(UserRegistered, async (event) => {
        if (event.id === events[1]!.id) throw new Error("poison");
        seen.push(event.id);
      }),
    ],
    ({ messageId }) => reported.push(messageId),
  );
  const answer = await handler({ Records: events.map((event, index) => message(`m${index}`, event)) });
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "m1" }] });
  expect(seen).toEqual([events[0]!.id, events[2]!.id]);
  expect(reported).toEqual(["m1"]);
});

test.each([
  ["an unknown event", { ...registered(), name: "user.forgotten" }],
  ["an unknown version", { ...registered(), version: 2 }],
  ["data that does not parse", { ...registered(), data: { userId: "someone" } }],
  ["something that is no event", { hello: "world" }],
])("%s is reported, so that it reaches the dead letters", async (_, detail) => {
  const handler = consume([on(UserRegistered, async () => {})], () => {});
  expect(await handler({ Records: [message("m", detail)] })).toEqual({ batchItemFailures: [{ itemIdentifier: "m" }] });
});

test("a body that is not JSON is reported", async () => {
  const handler = consume([on(UserRegistered, async () => {})], () => {});
  const answer = await handler({ Records: [{ messageId: "m", body: "{" }] });
  expect(answer.batchItemFailures).toEqual([{ itemIdentifier: "m" }]);
});

test("a field that was added later is ignored by a consumer that does not know it", async () => {
  const event = registered();
  const seen: unknown[] = [];
  const handler = consume([on(UserRegistered, async ({ data }) => void seen.push(data))], () => {});
  const answer = await handler({ Records: [message("m", { ...event, data: { ...event.data, since: "today" } })] });
  expect(answer.batchItemFailures).toEqual([]);
  expect(seen).toEqual([event.data]);
});

test("a rule's pattern names sources and events once each", () => {
  expect(pattern(OrderPlaced, ProductCreated, OrderConfirmed)).toEqual({
    source: ["cartwright.inventory", "cartwright.order"],
    detailType: ["order.confirmed", "order.placed", "product.created"],
  });
});

test("the registry knows every event by its name", () => {
  expect(registry.get("order.placed")).toBe(OrderPlaced);
  expect([...registry.keys()].length).toBeGreaterThanOrEqual(18);
  for (const [name, definition] of registry) expect(definition.name).toBe(name);
});
