import { deriveId } from "@cartwright/events";
import { afterAll, expect, test } from "vitest";
import { setClock } from "../clock.ts";
import { ForgedWebhookError, parseWebhook, signWebhook } from "./sandbox.ts";

const atSeconds = 1_800_000_000;
const restore = setClock(() => atSeconds * 1000);
afterAll(restore);
const secret = "whsec";
const orderId = deriveId("ord", "one");
const body = JSON.stringify({ id: "n1", type: "authorization.approved", orderId });

test("a webhook that was signed with the secret in the last five minutes is taken", () => {
  expect(parseWebhook(body, signWebhook(body, secret, atSeconds), secret)).toMatchObject({ orderId });
  expect(parseWebhook(body, signWebhook(body, secret, atSeconds - 300), secret)).toMatchObject({ id: "n1" });
});

test.each([
  ["without a signature", undefined, body],
  ["signed with another secret", signWebhook(body, "other", atSeconds), body],
  ["whose body was changed", signWebhook(body, secret, atSeconds), body.replace(orderId, deriveId("ord", "another"))],
  ["older than five minutes", signWebhook(body, secret, atSeconds - 301), body],
  ["from the future", signWebhook(body, secret, atSeconds + 301), body],
  [
    "with a timestamp that was not signed",
    signWebhook(body, secret, atSeconds - 900).replace(/t=\d+/, `t=${atSeconds}`),
    body,
  ],
])("one %s is refused", (_, signature, text) => {
  expect(() => parseWebhook(text, signature, secret)).toThrow(ForgedWebhookError);
});

test.each(["{", "[]", JSON.stringify({ id: "n1", type: "x", orderId: "ord_1#" })])(
  "a signed body of %j is malformed",
  (text) => {
    const signature = signWebhook(text, secret, atSeconds);
    expect(() => parseWebhook(text, signature, secret)).toThrow(expect.objectContaining({ code: "malformed_webhook" }));
  },
);
