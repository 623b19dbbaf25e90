import type { Cause } from "@cartwright/events";
import { ContentionError } from "../error.ts";
import { erase, hasText } from "./erasure-rule.ts";
import { change, markErased, read } from "./store.ts";

const attempts = 5;

/**
 * Takes out of the payment of an order what people typed about its customer, who is to be forgotten, and keeps out what
 * they type later. All else of its ledger stays. Safe to repeat, and at the same time as whatever moves its money; an
 * order without a payment has nothing to forget. Throws `ContentionError`.
 */
export async function forget(orderId: string, cause: Cause): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const payment = await read(orderId);
    if (!payment || payment.erased) return;
    if (hasText(payment)) {
      await change(orderId, cause, erase);
      return;
    }
    if (await markErased(payment)) return;
  }
  throw new ContentionError(`the payment of ${orderId}`);
}
