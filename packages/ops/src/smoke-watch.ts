/** Time and words of a smoke order: what was seen, when, and how long there is still to wait. */
import * as z from "zod";
import { fitting, Timeline } from "./answer.ts";
import type { Context } from "./command.ts";
import { explain, mayPass } from "./connect.ts";
import { RefusedError } from "./io.ts";
import { visible } from "./text.ts";

const pauseMs = 500;

/** What the order's state says of its end. */
const Order = z.object({
  id: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  paid: z.boolean(),
  cancelling: z.boolean(),
});
type Order = z.infer<typeof Order>;

/** It did not go as it should; the message says what was seen last. */
export class SmokeFailedError extends RefusedError {
  override name = "SmokeFailedError";
}

export type Watch = ReturnType<typeof openWatch>;

/** `timeoutMs` is for all that is done under this watch. */
export function openWatch({ client, io, paint, values }: Context, timeoutMs: number) {
  const startedAtMs = io.now();
  let seen = 0;
  let last = "nothing";

  const elapsedMs = () => io.now() - startedAtMs;

  function say(what: string): void {
    last = what;
    if (values.json) return;
    io.print(`${paint.dim(`${(elapsedMs() / 1000).toFixed(1).padStart(6)} s`)}  ${visible(what)}`);
  }

  /**
   * Looks until there is an answer. A stage that was deployed a moment ago may fail at first; when the time is up, what
   * fails still is the reason. Throws `SmokeFailedError`, and errors that don't pass.
   */
  async function until<Answer>(expected: string, look: () => Promise<Answer | undefined>): Promise<Answer> {
    for (;;) {
      let trouble: string | undefined;
      try {
        const answer = await look();
        if (answer !== undefined) return answer;
      } catch (error) {
        if (!mayPass(error)) throw error;
        trouble = explain(error, io);
      }
      if (elapsedMs() >= timeoutMs) {
        const told = `${expected} within ${timeoutMs / 1000} s. Last seen: ${last}.`;
        throw new SmokeFailedError(visible(told) + (trouble ? `\n${trouble}` : ""));
      }
      await io.sleep(pauseMs);
    }
  }

  /** Says what has happened to the order since it was looked at last, and answers it. */
  async function look(orderId: string): Promise<Order> {
    // The order before its timeline, so that nothing is missing of what has led to its state.
    const order = fitting(Order, await client.orders.get(orderId));
    const { items } = fitting(Timeline, await client.orders.timeline(orderId));
    for (const { undo, text, event } of items.slice(seen)) say(`${undo ? "↩ " : ""}${text}  ${event}`);
    seen = Math.max(seen, items.length);
    return order;
  }

  return { say, until, look, elapsedMs };
}
