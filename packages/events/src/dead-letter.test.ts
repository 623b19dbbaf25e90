import { expect, test } from "vitest";
import { fromAttributes, toAttributes } from "./dead-letter.ts";

test("what a letter's attributes tell is what was written into them", () => {
  const failure = { code: "UnavailableError", message: "no", attempts: 5, firstAt: "then", lastAt: "now" };
  expect(fromAttributes(toAttributes(failure))).toEqual(failure);
  expect(fromAttributes(toAttributes({ code: "TypeError", message: "no" }))).toEqual({
    code: "TypeError",
    message: "no",
  });
});

test("a long message is cut, and an empty one is none that SQS would refuse", () => {
  expect(toAttributes({ code: "E", message: "x".repeat(5000) }).ERROR_MESSAGE?.StringValue).toHaveLength(2000);
  const empty = Object.values(toAttributes({ code: "", message: "" }));
  expect(empty.every(({ StringValue }) => StringValue.length > 0)).toBe(true);
});

test("EventBridge's retries come after its first attempt, and nonsense counts nothing", () => {
  const bridged = (retries: string) => ({
    ERROR_CODE: { StringValue: "NO_RESOURCE" },
    ERROR_MESSAGE: { StringValue: "gone" },
    RETRY_ATTEMPTS: { StringValue: retries },
  });
  expect(fromAttributes(bridged("0"))).toEqual({ code: "NO_RESOURCE", message: "gone", attempts: 1 });
  expect(fromAttributes(bridged("10"))).toMatchObject({ attempts: 11 });
  expect(fromAttributes(bridged("many"))).toEqual({ code: "NO_RESOURCE", message: "gone" });
});

test("a letter that SQS moved by itself tells of no failure", () => {
  expect(fromAttributes({})).toBeUndefined();
});
