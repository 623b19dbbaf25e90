import { Payment } from "@cartwright/core/payment";
import * as z from "zod";
import { signedIn, staff } from "./http/auth.ts";
import { requester, tellReplayed, withETag } from "./http/reply.ts";
import { router } from "./http/router.ts";
import { serve } from "./http/serve.ts";
import { idempotencyKey, valid } from "./http/valid.ts";
import { log } from "./log.ts";
import { measureToLog } from "./metric.ts";
import { sandboxPages } from "./sandbox/pages.ts";

measureToLog();

const byId = valid("param", z.object({ id: Payment.ID }));
const byProvider = valid("param", z.object({ provider: Payment.ProviderName }));

export const payments = router()
  .get("/payments/:id", signedIn(), byId, async (c) =>
    withETag(c, await Payment.fromID(c.req.valid("param").id, c.get("actor"))),
  )
  .get("/payments/:id/action", signedIn(), byId, async (c) => {
    // The sandbox's page is one of ours: its URL is relative to this API, wherever that is.
    return c.json(await Payment.actionFromID(c.req.valid("param").id, c.get("actor")));
  })
  .post("/payments/:id/refunds", staff(), byId, idempotencyKey(), valid("json", Payment.RequestRefund), async (c) => {
    const { id } = c.req.valid("param");
    const { refund, replayed } = await Payment.requestRefund(id, c.req.valid("json"), requester(c), c.get("cause"));
    tellReplayed(c, replayed);
    c.header("Location", `/payments/${id}`);
    return c.json(refund, 202);
  })
  .post("/webhooks/:provider", byProvider, async (c) => {
    const { provider } = c.req.valid("param");
    const { cause } = c.var;
    try {
      const header = (name: string) => c.req.header(name);
      const notification = await Payment.receiveWebhook(provider, await c.req.text(), header, cause);
      if (notification) c.set("orderId", notification.orderId);
      // A provider sends more than we asked for, and sends again what we refuse.
      return c.json({ received: true, ignored: !notification });
    } catch (error) {
      // Of a forged one nothing is worth a line but that it came: neither body nor signature.
      if (error instanceof Payment.ForgedWebhookError) {
        log("forged webhook", { requestId: cause.correlationId, provider, code: error.code });
      }
      throw error;
    }
  })
  .route("/", sandboxPages);

export const handler = serve(payments);
