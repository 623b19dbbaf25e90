import type { Cause, Checkout } from "@cartwright/events";
import { Resource } from "sst";
import { isUnavailable } from "../error.ts";
import { unseal } from "../seal.ts";
import { asking } from "./ask.ts";
import { DeclinedError, InsufficientFundsError, VoidedError } from "./error.ts";
import { statusOf } from "./ledger.ts";
import { observe } from "./observe.ts";
import type { PaymentItem } from "./payment.entity.ts";
import type { Charge } from "./provider.ts";
import { currentProvider, providerOf } from "./providers.ts";
import { lookupOf, outcomeOf } from "./rule.ts";
import { change, create } from "./store.ts";
import { giveBack } from "./undo.ts";

/**
 * Holds the order's total on the customer's means of payment. The intent is written before the provider is asked, and
 * the provider is asked under a key of the order, so this can be repeated from any point. `waiting` means that the
 * customer, or the provider itself, has to act first, and that a webhook will tell. Throws `DeclinedError`,
 * `InsufficientFundsError`, `VoidedError` after its undo, `UnknownOutcomeError` when nobody can say what has happened.
 */
export async function authorize(checkout: Checkout, cause: Cause): Promise<"authorized" | "waiting"> {
  const { orderId } = checkout;
  const payment = await intend(checkout);
  if (isAuthorized(payment)) return "authorized";
  const charge = await askToAuthorize(payment, checkout, cause).catch((error) => {
    // Whoever waits for the customer can wait for the provider as well; the order's deadline ends it.
    if (statusOf(payment.entries) === "action_required" && isUnavailable(error)) return undefined;
    throw error;
  });
  if (!charge) return "waiting";
  const observed = await change(orderId, cause, (current) => observe(current, charge));
  if (isBeingVoided(observed)) await giveBack(observed, cause, charge.reference);
  return isAuthorized(observed) ? "authorized" : "waiting";
}

async function intend({ orderId, customerId, total }: Checkout): Promise<PaymentItem> {
  const { amount: amountMinor, currency } = total;
  const intent = { key: "intent", outcome: "succeeded" as const, amountMinor };
  const { payment } = await create({ orderId, customerId, amountMinor, currency }, currentProvider().name, intent);
  return payment;
}

/** Once the provider has told its id, repeating the first call would repeat its first answer: so it is looked up. */
async function askToAuthorize(payment: PaymentItem, checkout: Checkout, cause: Cause): Promise<Charge> {
  const { orderId, total: amount } = checkout;
  const provider = providerOf(payment.provider);
  const lookup = lookupOf(payment);
  const call = async () => {
    const token = await unseal(checkout.sealedToken, orderId, Resource.PaymentTokenKey.value);
    return provider.authorize({ key: lookup.key, orderId, amount, token });
  };
  const find = () => provider.find(lookup);
  const wasLost = outcomeOf(payment, "authorize") === "unknown";
  if (lookup.reference === undefined && !wasLost) return asking(payment, "authorize", cause, { call, find });
  return (await find()) ?? asking(payment, "authorize", cause, { call, find });
}

/** Throws what an ended payment means for its checkout. */
function isAuthorized({ orderId, entries }: PaymentItem): boolean {
  const status = statusOf(entries);
  if (status === "voided" || status === "voiding") throw new VoidedError(orderId);
  if (status === "declined") {
    const reason = entries.findLast(({ key }) => key === "authorize")?.reason ?? "";
    throw reason === "insufficient_funds" ? new InsufficientFundsError(orderId) : new DeclinedError(orderId, reason);
  }
  return status !== "intent" && status !== "action_required";
}

function isBeingVoided({ entries }: PaymentItem): boolean {
  return ["voided", "voiding"].includes(statusOf(entries));
}
