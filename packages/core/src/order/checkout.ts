/** What the checkout does with an order, and what money does. */
import type { CancelReason, Cause } from "@cartwright/events";
import { now } from "../clock.ts";
import { AlreadyHandledError, type Delivery } from "../inbox.ts";
import { measurePending } from "./measure.ts";
import * as rule from "./rule.ts";
import { change } from "./store.ts";

/**
 * Confirms a pending order; confirming it again changes nothing. Throws `AbandonedError` once it is given up, and
 * `OverdueError` past its deadline.
 */
export async function confirm(orderId: string, cause: Cause): Promise<void> {
  await change(orderId, cause, (order) => rule.confirm(order, now()));
}

/**
 * Gives an order up, for what stopped its checkout. Answers whether it is given up now; `false` means that another
 * run has confirmed it, so nothing may be undone.
 */
export async function abandon(orderId: string, failure: rule.Failure, cause: Cause): Promise<boolean> {
  const order = await change(orderId, cause, (item) => rule.abandon(item, reasonFor(failure.name), failure));
  return rule.isAbandoned(order);
}

/** Cancels an abandoned order, after its money and stock were given back. */
export async function cancel(orderId: string, cause: Cause): Promise<void> {
  await change(orderId, cause, rule.cancel);
}

/** Counts what was paid back of an order, each refund once; one that came back from the bank counts no more. */
export async function recordRefund(
  orderId: string,
  refund: Parameters<typeof rule.refund>[1],
  cause: Cause,
): Promise<void> {
  await change(orderId, cause, (order) => rule.refund(order, refund));
}

/** The money is there: see `pay` in rule.ts for what that means to an order that did not expect it. */
export async function markPaid(orderId: string, cause: Cause): Promise<void> {
  await change(orderId, cause, (order) => rule.pay(order, now()));
}

/** Starts the checkout of an unsettled order again, each time it is asked. Answers whether the order is settled. */
export async function resume(orderId: string, trigger: rule.Trigger, cause: Cause): Promise<{ settled: boolean }> {
  const order = await change(orderId, cause, (item) => rule.resume(item, now(), trigger));
  const settled = rule.isSettled(order);
  if (!settled && trigger === "watch") measurePending(order);
  return { settled };
}

/** As `resume`, but once for each delivery: when it comes again, nothing happens. */
export async function resumeOnce(
  orderId: string,
  trigger: rule.Trigger,
  delivery: Delivery,
  cause: Cause,
): Promise<void> {
  try {
    await change(orderId, cause, (item) => rule.resume(item, now(), trigger), delivery);
  } catch (error) {
    if (!(error instanceof AlreadyHandledError)) throw error;
  }
}

const reasons = new Map<string, CancelReason>([
  ["OutOfStockError", "out_of_stock"],
  ["PaymentDeclinedError", "payment_declined"],
  ["InsufficientFundsError", "insufficient_funds"],
  ["CaptureRefusedError", "payment_declined"],
  ["UnavailableError", "temporarily_unavailable"],
  ["ContentionError", "temporarily_unavailable"],
  ["OrderOverdueError", "expired"],
  ["ReservationExpiredError", "expired"],
]);

function reasonFor(errorName: string): CancelReason {
  return reasons.get(errorName) ?? "internal_error";
}
