import { type Cause, PaymentCaptureRefused } from "@cartwright/events";
import { fact } from "../outbox.ts";
import { asking } from "./ask.ts";
import { NotAuthorizedError } from "./error.ts";
import { isCaptured, isSettled, statusOf } from "./ledger.ts";
import { observe } from "./observe.ts";
import type { PaymentItem } from "./payment.entity.ts";
import { CaptureRefusedError, type Charge } from "./provider.ts";
import { providerOf } from "./providers.ts";
import { type Addition, amountOf, describe, lookupOf, outcomeOf, providerKey, referenceOf } from "./rule.ts";
import { change, existing } from "./store.ts";

/**
 * Collects what was authorized, once. `waiting` means that the provider has taken it on, and that a webhook will tell.
 * Throws `CaptureRefusedError` when it can never be collected, which is so after its undo as well.
 */
export async function capture(orderId: string, cause: Cause): Promise<"captured" | "waiting"> {
  const payment = await existing(orderId);
  if (isCaptured(payment.entries)) return "captured";
  const status = statusOf(payment.entries);
  const reference = referenceOf(payment);
  if (status === "voided" || status === "voiding") throw new CaptureRefusedError(orderId, "it was voided");
  if (status !== "authorized" || !reference) throw new NotAuthorizedError(orderId, status);
  const charge = await askToCapture(payment, reference, cause).catch(async (error) => {
    if (error instanceof CaptureRefusedError) await change(orderId, cause, (current) => refused(current, error));
    throw error;
  });
  const observed = await change(orderId, cause, (current) => observe(current, charge));
  if (isCaptured(observed.entries)) return "captured";
  if (charge.status === "voided") throw new CaptureRefusedError(orderId, "the authorization was voided");
  return "waiting";
}

function askToCapture(payment: PaymentItem, reference: string, cause: Cause): Promise<Charge> {
  const { orderId } = payment;
  const provider = providerOf(payment.provider);
  const key = providerKey(orderId, "capture");
  return asking(payment, "capture", cause, {
    call: () => provider.capture({ key, orderId, reference, amount: amountOf(payment) }),
    // One that is authorized still has not been captured: then the call is repeated.
    find: async () => {
      const charge = await provider.find(lookupOf(payment));
      return charge?.status === "authorized" ? undefined : charge;
    },
  });
}

/** Told once, however often it is refused. */
function refused(payment: PaymentItem, { reason }: CaptureRefusedError): Addition | undefined {
  const known = outcomeOf(payment, "capture");
  // One that was unknown is so no longer.
  if (known && isSettled(known)) return undefined;
  const amountMinor = amountOf(payment).amount;
  return {
    entries: [{ key: "capture", outcome: "failed", amountMinor, reason }],
    facts: [fact(PaymentCaptureRefused, { ...describe(payment), providerReason: reason })],
  };
}
