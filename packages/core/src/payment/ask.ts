import type { Cause } from "@cartwright/events";
import { isUnavailable } from "../error.ts";
import { measure } from "../metric.ts";
import type { PaymentItem } from "./payment.entity.ts";
import { UnknownOutcomeError } from "./provider.ts";
import { outcomeUnknown } from "./rule.ts";
import { change } from "./store.ts";

/**
 * Asks a provider for a step, and never guesses what became of it: an answer that was lost is looked up, and only if
 * the provider knows nothing of the call it is repeated, under the same key. When that is in vain too, the ledger says
 * so, an event tells it, and `UnknownOutcomeError` is thrown: the order waits, and is asked about again later.
 */
export async function asking<Answer>(
  { orderId, provider }: PaymentItem,
  key: string,
  cause: Cause,
  { call, find }: { call(): Promise<Answer>; find(): Promise<Answer | undefined> },
): Promise<Answer> {
  try {
    return await unlessLost(call, async () => (await find()) ?? unlessLost(call, find));
  } catch (error) {
    if (error instanceof UnknownOutcomeError) {
      measure({ name: "PaymentOutcomeUnknown", value: 1, unit: "Count", dimensions: { provider } });
      await change(orderId, cause, (payment) => outcomeUnknown(payment, key));
    }
    throw error;
  }
}

/** What `recover` answers, if the answer was lost. Where that learns nothing the outcome is still unknown. */
async function unlessLost<Answer>(
  call: () => Promise<Answer>,
  recover: () => Promise<Answer | undefined>,
): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof UnknownOutcomeError)) throw error;
    const recovered = await recover().catch((failure) => {
      if (isUnavailable(failure)) throw error;
      throw failure;
    });
    if (recovered === undefined) throw error;
    return recovered;
  }
}
