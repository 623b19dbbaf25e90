import { Payment } from "@cartwright/core/payment";
import { log } from "../log.ts";
import { tell } from "../work.ts";
import { scheduled } from "./scheduled.ts";

/** Compares what has moved since the last run with the provider's books. */
export const handler = scheduled("ReconcilePayments", async (cause): Promise<Payment.Reconciled> => {
  const reconciled = await Payment.reconcileAll(cause);
  const { compared, doubtful, wrong } = reconciled;
  const { correlationId } = cause;
  for (const orderId of doubtful) {
    log("reconciled", { orderId, correlationId, outcome: wrong.includes(orderId) ? "needs operator" : "mended" });
  }
  tell({ count: compared });
  return reconciled;
});
