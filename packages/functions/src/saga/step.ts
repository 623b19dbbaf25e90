import {
  CircuitOpenError,
  ContentionError,
  DomainError,
  UnavailableError,
  UnknownOutcomeError,
} from "@cartwright/core/error";
import {
  type Cause,
  type Checkout,
  CheckoutResumed,
  causeOf,
  nameOf,
  OrderPlaced,
  parseEvent,
  UnconsumableError,
} from "@cartwright/events";
import * as z from "zod";
import { type Line, log } from "../log.ts";

/** What the state machine hands to each step: the event that started it, and to the undo what went wrong where. */
const Received = z.object({
  event: z.unknown(),
  step: z.string().optional(),
  error: z.object({ Error: z.string(), Cause: z.string().optional() }).optional(),
});

export interface Input extends Pick<z.infer<typeof Received>, "step" | "error"> {
  orderId: string;
  checkout: Checkout;
}

/** The state machine is a subscriber like any other: it takes every version there ever was of the events that start it. */
function parseStart(event: unknown) {
  return parseEvent(nameOf(event) === CheckoutResumed.name ? CheckoutResumed : OrderPlaced, event);
}

/**
 * The state machine knows two names for what may pass when it is tried again, and two for which the order waits: while
 * nobody can be asked, and while nobody can say what has happened.
 */
function nameForRetry(step: string, error: unknown): Error {
  if (error instanceof ContentionError || error instanceof UnconsumableError) return error;
  if (error instanceof CircuitOpenError || error instanceof UnknownOutcomeError) return error;
  if (error instanceof DomainError && error.kind !== "unavailable") return error;
  return new UnavailableError(`${step} failed: ${error}`, error);
}

/** A refusal is an outcome of the business, told by its name; words and stack belong to faults and mistakes alone. */
function isRefusal(error: Error): boolean {
  return error instanceof DomainError && error.kind !== "unavailable" && error.kind !== "invalid";
}

/**
 * A Lambda handler for one step. Errors of the domain keep their names, because the state machine retries and
 * catches by name; so do those of an event that can't be read. Anything else is a fault that may pass.
 */
export function step<Result>(name: string, run: (input: Input, cause: Cause) => Promise<Result>) {
  return async (received: unknown): Promise<Result> => {
    const startedAt = performance.now();
    let line: Line = { step: name };
    const report = (outcome: string, error?: unknown) =>
      log("step", { ...line, outcome, durationMs: Math.round(performance.now() - startedAt) }, error);
    try {
      const { event: started, ...failure } = Received.parse(received);
      const event = parseStart(started);
      const { correlationId, traceparent, data: checkout } = event;
      line = { ...line, orderId: checkout.orderId, correlationId, traceparent };
      const result = await run({ orderId: checkout.orderId, checkout, ...failure }, causeOf(event));
      report("done");
      return result;
    } catch (error) {
      const named = nameForRetry(name, error);
      report(named.name, isRefusal(named) ? undefined : error);
      throw named;
    }
  };
}
