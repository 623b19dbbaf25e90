import { Payment } from "@cartwright/core/payment";
import { note } from "@cartwright/core/spent";
import { Hono } from "hono";
import * as z from "zod";
import { answers, enforcing, operation } from "../http/describe.ts";
import type { Env } from "../http/router.ts";
import { valid } from "../http/valid.ts";
import { log } from "../log.ts";

const byProvider = valid("param", z.object({ provider: Payment.ProviderName }));

const Received = z.object({
  received: z.literal(true),
  ignored: z.boolean().describe("Whether nothing follows from it."),
});

/** A part of the payments' router: what providers tell us. They prove who they are by a signature over the raw body. */
export const webhooks = new Hono<Env>().post(
  "/webhooks/:provider",
  operation({
    id: "receiveWebhook",
    summary: "Receive a webhook",
    description: "Signed over time and body with the secret that the provider and we share; nobody else can call this.",
    answers: { 200: answers("It is stored, and worked off soon.", Received) },
    problems: {
      400: ["malformed_webhook"],
      401: ["forged_webhook"],
      404: ["no_such_provider"],
      413: ["body_too_large"],
    },
  }),
  enforcing({ access: "provider", body: { schema: z.unknown(), mediaType: "application/json" } }, byProvider),
  async (c) => {
    const { provider } = c.req.valid("param");
    const { cause } = c.var;
    try {
      const header = (name: string) => c.req.header(name);
      const notification = await Payment.receiveWebhook(provider, await c.req.text(), header, cause);
      if (notification) note({ orderId: notification.orderId });
      // A provider sends more than we asked for, and sends again what we refuse.
      return c.json({ received: true, ignored: !notification });
    } catch (error) {
      // Of a forged one nothing is worth a line but that it came: neither body nor signature.
      if (error instanceof Payment.ForgedWebhookError) {
        log("forged webhook", { correlationId: cause.correlationId, provider, code: error.code });
      }
      throw error;
    }
  },
);
