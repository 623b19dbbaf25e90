/** The page that stands for the customer's bank, on stages whose provider is the sandbox. */
import { inWords } from "@cartwright/core/money";
import { Payment } from "@cartwright/core/payment";
import { Hono, type MiddlewareHandler } from "hono";
import { html } from "hono/html";
import * as z from "zod";
import { answers, type Answer as Documented, operation } from "../http/describe.ts";
import type { Env } from "../http/router.ts";
import { valid } from "../http/valid.ts";

const byReference = valid("param", z.object({ reference: z.string().regex(/^sbx_[0-9a-f]{24}$/) }));
const withSecret = valid(
  "query",
  z.strictObject({
    secret: z
      .string()
      .regex(/^[0-9a-f]{32}$/)
      .describe("As the provider's URL of the page has it."),
  }),
);
const Answer = z.strictObject({ answer: z.enum(["approve", "refuse"]) });

/** A page of ours that takes nothing from elsewhere; `secure()` adds the rest. */
const secured: MiddlewareHandler<Env> = async function allowPage(c, next) {
  c.header(
    "Content-Security-Policy",
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
  );
  await next();
};

const Trouble = z.object({
  trouble: z.record(z.string(), z.unknown()).optional().describe("Absent when it makes none."),
});

export const sandboxPages = new Hono<Env>()
  .get(
    "/sandbox/trouble",
    operation({
      id: "getSandboxTrouble",
      summary: "Tell what trouble the sandbox makes",
      answers: { 200: answers("What it was told to do wrong.", Trouble) },
      problems: { 400: ["invalid_sandbox_trouble"] },
    }),
    (c) => c.json({ trouble: Payment.sandboxTrouble() }),
  )
  .get(
    "/sandbox/challenges/:reference",
    operation({
      id: "showSandboxChallenge",
      summary: "Show the page of the sandbox's bank",
      answers: { 200: answersHtml("A form to approve or refuse, or how that ended.") },
      problems: { 404: ["charge_not_found"] },
    }),
    secured,
    byReference,
    withSecret,
    async (c) => {
      const { amount, status } = await Payment.challenge(c.req.valid("param").reference, c.req.valid("query").secret);
      if (status !== "action_required") return c.html(page(ended(status)));
      return c.html(
        page(html`<p>Do you want to pay <strong>${inWords(amount)}</strong>?</p>
          <form method="post">
            <button name="answer" value="approve">Approve</button>
            <button name="answer" value="refuse">Refuse</button>
          </form>`),
      );
    },
  )
  .post(
    "/sandbox/challenges/:reference",
    operation({
      id: "answerSandboxChallenge",
      summary: "Answer the sandbox's bank",
      answers: { 200: answersHtml("How it ended. The first answer stays.") },
      problems: { 404: ["charge_not_found"] },
      example: { answer: "approve" },
    }),
    secured,
    byReference,
    withSecret,
    valid("form", Answer),
    async (c) => {
      const approved = c.req.valid("form").answer === "approve";
      const [{ reference }, { secret }] = [c.req.valid("param"), c.req.valid("query")];
      await Payment.answerChallenge(reference, secret, approved);
      // The first answer stays, and this may be a later one.
      const { status } = await Payment.challenge(reference, secret);
      return c.html(page(ended(status)));
    },
  );

function answersHtml(description: string): Documented {
  return { ...answers(description, z.string()), mediaType: "text/html" };
}

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
