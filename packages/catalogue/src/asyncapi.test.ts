import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { at, isObject } from "./json-schema.ts";
import { committedDocs } from "./test/folder.ts";
import { validatorOf } from "./validator.ts";

type Json = Record<string, unknown>;

const document = JSON.parse(readFileSync(path.join(committedDocs, "asyncapi.json"), "utf8"));
const officialSchema = createRequire(import.meta.url)("@asyncapi/specs/schemas/3.0.0.json");

/** The official schema brings the schema of schemas along. */
function validator() {
  const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false });
  addFormats.default(ajv);
  return ajv.compile(officialSchema);
}

test("the document is AsyncAPI 3.0, says the official schema", () => {
  const validate = validator();
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ ...document, operations: { one: { action: "shout" } } })).toBe(false);
});

/** Everywhere in the document, the value of `$ref`. */
function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" && typeof inner === "string" ? [inner] : referencesIn(inner),
  );
}

test("every reference leads somewhere", () => {
  const references = referencesIn(document);
  expect(references.length).toBeGreaterThan(100);
  for (const reference of references) expect(at(document, reference), reference).toBeDefined();
});

describe("each message", () => {
  const messages = Object.entries(document.components.messages as Record<string, { payload: Json; examples: Json[] }>);

  test.each(messages)("%s has an example that its payload accepts, and refuses another event", (_, message) => {
    const validate = validatorOf({ ...message.payload, components: document.components });
    const { payload } = message.examples[0] as { payload: Json };
    expect(validate(payload), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...payload, name: "order.forgotten" })).toBe(false);
    expect(validate({ ...payload, data: {} })).toBe(false);
  });
});

test("an event is sent by the relay of its domain in today's version, and received in every version", () => {
  const operations = document.operations as Record<string, Json>;
  const of = (event: string) => Object.entries(operations).filter(([key]) => key.startsWith(`${event}.`));
  expect(of("payment.captured").map(([key, { action }]) => [key, action])).toEqual(
    expect.arrayContaining([
      ["payment.captured.send.PaymentRelay", "send"],
      ["payment.captured.receive.MarkPaid", "receive"],
      ["payment.captured.receive.RecordTimeline", "receive"],
    ]),
  );
  expect(operations["order.placed.receive.StartCheckout"]!.summary).toBe("The bus starts the state machine itself.");
  expect(operations["order.placed.receive.WatchCheckout"]).toMatchObject({
    summary: "WatchCheckout reacts, through WatchCheckoutQueue.",
    description: "Dead letters: WatchCheckoutDeadLetters.",
  });
  expect(of("user.erased").map(([key]) => key)).toEqual(
    expect.arrayContaining(["user.erased.receive.DeleteAccount", "user.erased.receive.ForgetCustomer"]),
  );
  expect(of("order.anonymized").map(([key]) => key)).toContain("order.anonymized.receive.ForgetPayer");
  const declined = document.channels["payment.declined"].messages;
  expect(Object.keys(declined)).toEqual(["v2", "v1"]);
  expect(operations["payment.declined.send.PaymentRelay"]!.messages).toEqual([
    { $ref: "#/channels/payment.declined/messages/v2" },
  ]);
});
