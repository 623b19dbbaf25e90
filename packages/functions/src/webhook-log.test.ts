import { Payment } from "@cartwright/core/payment";
import { newId } from "@cartwright/events";
import { expect, test, vi } from "vitest";
import { listen } from "./test/log.ts";

vi.hoisted(() => {
  // Read when the logger is made: tests are silent otherwise, and on its own console it can't be listened to.
  Object.assign(process.env, { POWERTOOLS_LOG_LEVEL: "INFO", POWERTOOLS_DEV: "true" });
});

const { payments } = await import("./payment.ts");

test("a forged webhook is one line that tells nothing of what it says or is signed with", async () => {
  const lines = listen();
  const orderId = newId("ord");
  const body = JSON.stringify({ id: "evt_secret", type: "charge.updated", orderId, note: "Zoë" });
  const signature = Payment.signWebhook(body, "guess", Math.floor(Date.now() / 1000));
  const headers = { [Payment.signatureHeader]: signature, traceparent: "nonsense" };
  const response = await payments.request("/webhooks/sandbox", { method: "POST", body, headers });
  expect(response.status).toBe(401);
  const correlationId = response.headers.get("X-Request-Id");
  const told = lines.map((line) => JSON.parse(line));
  expect(told).toContainEqual(
    expect.objectContaining({ message: "forged webhook", provider: "sandbox", code: "forged_webhook", correlationId }),
  );
  expect(told).toContainEqual(expect.objectContaining({ message: "request", status: 401, correlationId }));
  const all = lines.join("\n");
  for (const secret of [orderId, "evt_secret", "Zoë", signature.slice(-64)]) expect(all).not.toContain(secret);
});
