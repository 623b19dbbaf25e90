import { now } from "@cartwright/core/clock";
import { Order } from "@cartwright/core/order";
import { Payment } from "@cartwright/core/payment";
import { log } from "../log.ts";

/** Longer than any checkout can live, so that no payment in progress is touched. */
const ageMs = 2 * Order.deadlineMs;

/** Gives back money that the provider holds without a live payment of ours. */
export async function handler(): Promise<{ voided: string[] }> {
  const { voided } = await Payment.giveBackStrays(new Date(now().getTime() - ageMs));
  for (const orderId of voided) log("gave back a stray authorization", { orderId });
  return { voided };
}
