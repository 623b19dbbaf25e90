/** The page that stands for the customer's bank, on stages whose provider is the sandbox. */
import { inWords } from "@cartwright/core/money";
import { Payment } from "@cartwright/core/payment";
import { Hono } from "hono";
import { html } from "hono/html";
import { secureHeaders } from "hono/secure-headers";
import * as z from "zod";
import type { Env } from "../http/router.ts";
import { valid } from "../http/valid.ts";

const byReference = valid("param", z.object({ reference: z.string().regex(/^sbx_[0-9a-f]{24}$/) }));
const withSecret = valid("query", z.strictObject({ secret: z.string().regex(/^[0-9a-f]{32}$/) }));
const Answer = z.strictObject({ answer: z.enum(["approve", "refuse"]) });

const secured = secureHeaders({
  contentSecurityPolicy: { defaultSrc: ["'none'"], styleSrc: ["'unsafe-inline'"], formAction: ["'self'"] },
  referrerPolicy: "no-referrer",
});

export const sandboxPages = new Hono<Env>()
  .get("/sandbox/trouble", (c) => c.json({ trouble: Payment.sandboxTrouble() }))
  .get("/sandbox/challenges/:reference", secured, byReference, withSecret, async (c) => {
    const { amount, status } = await Payment.challenge(c.req.valid("param").reference, c.req.valid("query").secret);
    if (status !== "action_required") return c.html(page(ended(status)));
    return c.html(
      page(html`<p>Do you want to pay <strong>${inWords(amount)}</strong>?</p>
        <form method="post">
          <button name="answer" value="approve">Approve</button>
          <button name="answer" value="refuse">Refuse</button>
        </form>`),
    );
  })
  .post("/sandbox/challenges/:reference", secured, byReference, withSecret, valid("form", Answer), async (c) => {
    const approved = c.req.valid("form").answer === "approve";
    const [{ reference }, { secret }] = [c.req.valid("param"), c.req.valid("query")];
    await Payment.answerChallenge(reference, secret, approved);
    // The first answer stays, and this may be a later one.
    const { status } = await Payment.challenge(reference, secret);
    return c.html(page(ended(status)));
  });

const ended = (status: string) => html`<p>The payment is ${status}. You can go back to the shop.</p>`;

function page(content: ReturnType<typeof html>) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Sandbox bank</title>
        <style>
          body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 15vh auto; padding: 0 1rem; }
          button { font: inherit; padding: 0.5rem 1.5rem; margin-right: 0.5rem; cursor: pointer; }
          small { color: #555; }
        </style>
      </head>
      <body>
        <h1>Sandbox bank</h1>
        ${content}
        <p><small>No real money moves here: this page plays the customer's bank.</small></p>
      </body>
    </html>`;
}
