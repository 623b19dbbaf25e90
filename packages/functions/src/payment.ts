import { Payment } from "@cartwright/core/payment";
import { Resource } from "sst";
import * as z from "zod";
import { signedIn } from "./http/auth.ts";
import { router } from "./http/router.ts";
import { serve } from "./http/serve.ts";
import { etag, valid } from "./http/valid.ts";

const outcomes = new Map([
  ["authorization.approved", true],
  ["authorization.refused", false],
]);

export const payments = router()
  .get("/payments/:id", signedIn(), valid("param", z.object({ id: Payment.ID })), async (c) => {
    const payment = await Payment.fromID(c.req.valid("param").id, c.get("actor").userId);
    c.header("ETag", etag(payment.version));
    return c.json(payment);
  })
  .post("/webhooks/sandbox", async (c) => {
    const body = await c.req.text();
    const secret = Resource.SandboxWebhookSecret.value;
    const { orderId, type, id } = Payment.parseWebhook(body, c.req.header("Cartwright-Signature"), secret);
    c.set("orderId", orderId);
    const approved = outcomes.get(type);
    // A provider sends more than we asked for, and sends again what we refuse.
    if (approved === undefined) return c.json({ received: true, ignored: true });
    await Payment.completeActionRequired(orderId, approved, { ...c.get("cause"), causationId: id });
    return c.json({ received: true, ignored: false });
  });

export const handler = serve(payments);
