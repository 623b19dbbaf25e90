import { expect, it } from "vitest";
import { correlationIdsOf } from "./correlation.ts";

const outbox = (...ids: string[]) => ({
  outbox: { S: JSON.stringify(ids.map((id) => ({ id: `evt-${id}`, correlationId: id }))) },
});

it.each<[string, unknown, string[]]>([
  ["an HTTP request by its id", { requestContext: { requestId: "r1" } }, ["r1"]],
  ["what carries its own", { correlationId: "c1" }, ["c1"]],
  ["a saga step by the event that started it", { event: { correlationId: "c1" }, step: "ReserveStock" }, ["c1"]],
  ["a bus event by its envelope", { detail: { correlationId: "c1" } }, ["c1"]],
  [
    "a batch of messages by all of them, each once",
    { Records: ["a", "b", "a"].map((id) => ({ body: JSON.stringify({ detail: { correlationId: id } }) })) },
    ["a", "b"],
  ],
  [
    "stream records by the events that are new in their outbox",
    {
      Records: [
        { dynamodb: { NewImage: outbox("a", "b") } },
        { dynamodb: { NewImage: outbox("c"), OldImage: outbox("c") } },
      ],
    },
    ["a", "b"],
  ],
  ["nothing in what carries none", { Records: [{ body: "no json" }, { dynamodb: {} }, null] }, []],
  ["nothing in what is no event", "text", []],
])("finds the correlation of %s", (_, event, expected) => {
  expect(correlationIdsOf(event)).toEqual(expected);
});
