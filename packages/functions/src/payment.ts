import { Payment } from "@cartwright/core/payment";
import * as z from "zod";
import { signedInOrGuest, staff } from "./http/auth.ts";
import { answers, operation } from "./http/describe.ts";
import { limitCallers } from "./http/limit.ts";
import { requester, tellReplayed, withETag } from "./http/reply.ts";
import { router } from "./http/router.ts";
import { serve } from "./http/serve.ts";
import { idempotencyKey, valid } from "./http/valid.ts";
import { webhooks } from "./payment/webhook.ts";
import { sandboxPages } from "./sandbox/pages.ts";

const byId = valid("param", z.object({ id: Payment.ID }));

export const payments = router(limitCallers("payment"))
  .get(
    "/payments/:id",
    operation({
      id: "getPayment",
      summary: "Get a payment, with its ledger",
      description: "Its id is that of its order with `pay_` for `ord_`. Staff see more of it than its customer.",
      answers: { 200: answers("All attempts, and what follows from them.", Payment.Info, "ETag") },
      problems: { 404: ["payment_not_found"] },
    }),
    signedInOrGuest(),
    byId,
    async (c) => withETag(c, await Payment.fromID(c.req.valid("param").id, c.get("actor"))),
  )
  .get(
    "/payments/:id/action",
    operation({
      id: "getPaymentAction",
      summary: "Get the action that a payment requires",
      description: "Of one that is `action_required`, as 3-D Secure asks: a page to go to, or a secret for a script.",
      answers: { 200: answers("A page to go to, or a secret for a script.", Payment.Action) },
      problems: { 404: ["payment_not_found"], 409: ["no_action_required"] },
    }),
    signedInOrGuest(),
    byId,
    // The sandbox's page is one of ours: its URL is relative to this API, wherever that is.
    async (c) => c.json(await Payment.actionFromID(c.req.valid("param").id, c.get("actor"))),
  )
  .post(
    "/payments/:id/refunds",
    operation({
      id: "requestRefund",
      summary: "Refund a payment",
      description: "All that is left, or `amount`. The payment shows what becomes of it.",
      answers: { 202: answers("The refund, which has begun.", Payment.Refund, "Location", "Idempotent-Replayed") },
      problems: {
        400: ["wrong_currency"],
        404: ["payment_not_found"],
        409: ["refund_too_large", "nothing_to_refund", "too_many_refunds"],
        503: ["refund_under_way"],
      },
      example: { amount: { amount: 500, currency: "EUR" }, reason: "it came late" },
    }),
    staff(),
    byId,
    idempotencyKey(),
    valid("json", Payment.RequestRefund),
    async (c) => {
      const { id } = c.req.valid("param");
      const { refund, replayed } = await Payment.requestRefund(id, c.req.valid("json"), requester(c), c.get("cause"));
      tellReplayed(c, replayed);
      c.header("Location", `/payments/${id}`);
      return c.json(refund, 202);
    },
  )
  .route("/", webhooks)
  .route("/", sandboxPages);

export const handler = serve(payments);
