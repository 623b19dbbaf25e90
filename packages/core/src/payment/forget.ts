import type { Cause } from "@cartwright/events";
import { untilApplied } from "../contention.ts";
import { erase, hasText } from "./erasure-rule.ts";
import { change, markErased, read } from "./store.ts";

/**
 * Takes out of the payment of an order what people typed about its customer, who is to be forgotten, and keeps out what
 * they type later. All else of its ledger stays. Safe to repeat, and at the same time as whatever moves its money; an
 * order without a payment has nothing to forget. Throws `ContentionError`.
 */
export async function forget(orderId: string, cause: Cause): Promise<void> {
  await untilApplied(`the payment of ${orderId}`, async () => {
    const payment = await read(orderId);
    if (!payment || payment.erased) return true;
    if (!hasText(payment)) return markErased(payment);
    await change(orderId, cause, erase);
    return true;
  });
}
