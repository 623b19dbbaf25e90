import { ContentionError, DomainError, UnavailableError } from "@cartwright/core/error";
import { type Cause, Checkout, idSchema } from "@cartwright/events";
import * as z from "zod";
import { log } from "../log.ts";

/** What the state machine hands to each step. */
const Input = z.object({
  orderId: idSchema("ord"),
  checkout: Checkout,
  correlationId: z.string().min(1),
  eventId: z.string().min(1),
  error: z.object({ Error: z.string(), Cause: z.string().optional() }).optional(),
});
export type Input = z.infer<typeof Input>;

/** The state machine knows two names for what may pass when it is tried again. */
function nameForRetry(step: string, error: unknown): DomainError {
  if (error instanceof ContentionError) return error;
  if (error instanceof DomainError && error.kind !== "unavailable") return error;
  return new UnavailableError(`${step} failed: ${error}`, error);
}

/**
 * A Lambda handler for one step. Errors of the domain keep their names, because the state machine retries and
 * catches by name; anything else is a fault that may pass.
 */
export function step<Result>(name: string, run: (input: Input, cause: Cause) => Promise<Result>) {
  return async (received: unknown): Promise<Result> => {
    const startedAt = performance.now();
    const input = Input.parse(received);
    const { orderId, correlationId, eventId: causationId } = input;
    const report = (outcome: string, error?: unknown) => {
      const durationMs = Math.round(performance.now() - startedAt);
      log("step", { step: name, outcome, orderId, correlationId, durationMs }, error);
    };
    try {
      const result = await run(input, { correlationId, causationId });
      report("done");
      return result;
    } catch (error) {
      const named = nameForRetry(name, error);
      // A refusal is an outcome of the business, told by its name; the stack belongs to faults alone.
      report(named.name, named.kind === "unavailable" ? error : undefined);
      throw named;
    }
  };
}
