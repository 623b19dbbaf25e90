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
import { describe } from "../failure.ts";
import { tell, unitOfWork } from "../work.ts";

/** What the state machine hands to each step: the event that started it, and to the undo what went wrong where. */
const Received = z.object({
  event: z.unknown(),
  /** How often the state machine has tried this step before in this run. */
  retry: z.int().nonnegative().optional(),
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
export function step<Result extends object>(name: string, run: (input: Input, cause: Cause) => Promise<Result>) {
  return (received: unknown): Promise<Result> =>
    unitOfWork("step", { step: name }, async () => {
      try {
        const { event: started, retry, ...failure } = Received.parse(received);
        const event = parseStart(started);
        const { id: eventId, correlationId, traceparent, data: checkout } = event;
        const { orderId } = checkout;
        tell({ event: event.name, eventId, attempt: retry === undefined ? retry : retry + 1 });
        tell({ orderId, correlationId, traceparent });
        const result = await run({ orderId, checkout, ...failure }, causeOf(event));
        if ("status" in result && result.status === "waiting") tell({ outcome: "waiting" });
        return result;
      } catch (error) {
        const named = nameForRetry(name, error);
        const { code } = describe(named);
        if (isRefusal(named)) tell({ outcome: "refused", code });
        else tell({ outcome: "failed", code }, error);
        throw named;
      }
    });
}
