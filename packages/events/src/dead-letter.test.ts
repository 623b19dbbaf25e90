import fc from "fast-check";
import { expect, test } from "vitest";
import { fromAttributes, toAttributes } from "./dead-letter.ts";

const failure = { code: "UnavailableError", message: "the stock could not be reached", attempts: 5 };
const times = { firstAt: "2026-01-01T00:00:00.000Z", lastAt: "2026-01-01T00:04:00.000Z" };

test("a failure is told whole and read whole", () => {
  expect(fromAttributes(toAttributes({ ...failure, ...times }))).toEqual({ ...failure, ...times });
});

test("what EventBridge tells is read too; it counts what came after the first try", () => {
  const told = { ERROR_CODE: "NO_PERMISSIONS", ERROR_MESSAGE: "no", RETRY_ATTEMPTS: "10", RULE_ARN: "arn" };
  const attributes = Object.fromEntries(Object.entries(told).map(([name, StringValue]) => [name, { StringValue }]));
  expect(fromAttributes(attributes)).toEqual({ code: "NO_PERMISSIONS", message: "no", attempts: 11 });
});

test("attributes without a failure tell of none", () => {
  expect(fromAttributes({ OTHER: { StringValue: "x" } })).toBeUndefined();
});

test("whatever an error says, SQS takes it: no more than ten attributes, none empty, only characters of XML 1.0", () => {
  const text = fc.string({ unit: "binary", maxLength: 3000 });
  fc.assert(
    fc.property(text, text, (code, message) => {
      const attributes = Object.values(toAttributes({ code, message, ...times, attempts: 1 }));
      expect(attributes.length).toBeLessThanOrEqual(10);
      for (const { StringValue } of attributes) {
        expect(StringValue).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]{1,2000}$/u);
      }
    }),
  );
});

test.each([
  ["a control character", "a\u0000b", "a\ufffdb"],
  ["half a pair that the cut leaves", `${"a".repeat(1999)}\u{1f600}`, `${"a".repeat(1999)}\ufffd`],
  ["nothing", "", "no message"],
])("%s in a message becomes something that can be sent", (_, message, told) => {
  expect(toAttributes({ code: "E", message }).ERROR_MESSAGE!.StringValue).toBe(told);
});
