import { Payment } from "@cartwright/core/payment";
import { newId } from "@cartwright/events";
import { log } from "../log.ts";
import { measureToLog } from "../metric.ts";

measureToLog();

/** Compares what has moved since the last run with the provider's books. */
export async function handler(): Promise<Payment.Reconciled> {
  const correlationId = newId("req");
  const reconciled = await Payment.reconcileAll({ correlationId });
  const { compared, doubtful, wrong } = reconciled;
  for (const orderId of doubtful) {
    log("reconciled", { orderId, correlationId, outcome: wrong.includes(orderId) ? "needs operator" : "mended" });
  }
  log("payments compared", { correlationId, count: compared });
  return reconciled;
}
