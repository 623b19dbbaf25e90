/** What becomes of orders, in numbers. */
import type { CancelReason } from "@cartwright/events";
import { now } from "../clock.ts";
import { measure } from "../metric.ts";
import type { OrderItem } from "./order.entity.ts";
import type { OrderChange } from "./rule.ts";

/** The customer has done nothing wrong, and the product was there. */
const ourFaults = ["temporarily_unavailable", "internal_error"] satisfies CancelReason[] as string[];

/** Once a change is written: whoever repeats it changes nothing, and is not counted. */
export function measureChange(before: OrderItem, next: OrderChange["set"]): void {
  if (next.status === "confirmed") measureOutcome(before, "confirmed");
  if (next.status === "cancelled") measureOutcome(before, next.reason ?? "internal_error");
  if (next.paidAt ?? next.lateCaptureAt) measureMoney(before);
}

/** Each time somebody looks whether an order has come to its end, and it has not. */
export function measurePending(order: OrderItem): void {
  const { orderId } = order;
  measure({ name: "PendingOrderAge", value: ageSeconds(order), unit: "Seconds", dimensions: {}, about: { orderId } });
}

/** A confirmed order that is cancelled later has a second outcome; how its checkout went was told with the first. */
function measureOutcome(before: OrderItem, outcome: string): void {
  const about = { orderId: before.orderId };
  measure({ name: "OrderSettled", value: 1, unit: "Count", dimensions: { outcome }, about });
  if (before.status !== "pending") return;
  const fault = ourFaults.includes(outcome) ? 1 : 0;
  measure({ name: "OrderFault", value: fault, unit: "None", dimensions: {}, about });
  measure({ name: "CheckoutSeconds", value: ageSeconds(before), unit: "Seconds", dimensions: {}, about });
}

/** An order is confirmed before its money is collected; money that came otherwise has to be looked after. */
function measureMoney({ orderId, status }: OrderItem): void {
  if (status !== "pending" && status !== "cancelled") return;
  measure({ name: "CapturedUnconfirmed", value: 1, unit: "Count", dimensions: {}, about: { orderId } });
}

function ageSeconds({ createdAt }: OrderItem): number {
  return Math.max(0, now().getTime() - Date.parse(createdAt)) / 1000;
}
