import * as z from "zod";
import { eventsOf } from "./definition.ts";
import { idSchema } from "./id.ts";
import { Money } from "./money.ts";

const defineEvent = eventsOf("order");

const orderId = idSchema("ord");
const customerId = idSchema("usr");

export const OrderLine = z.object({ sku: z.string(), quantity: z.int().positive() });
export type OrderLine = z.infer<typeof OrderLine>;

/** All the checkout saga needs to know. The payment token is sealed for this order. */
export const Checkout = z.object({
  orderId,
  customerId,
  lines: z.array(OrderLine).min(1),
  total: Money,
  sealedToken: z.string(),
  deadlineAt: z.iso.datetime(),
  abandoned: z.boolean(),
});
export type Checkout = z.infer<typeof Checkout>;

export const CancelReason = z.enum([
  "out_of_stock",
  "payment_declined",
  "insufficient_funds",
  "temporarily_unavailable",
  "expired",
  "internal_error",
]);
export type CancelReason = z.infer<typeof CancelReason>;

export const OrderPlaced = defineEvent("order.placed", 1, Checkout);
/** The checkout of an unfinished order starts again, from whichever point its last run reached. */
export const CheckoutResumed = defineEvent("checkout.resumed", 1, Checkout);
export const OrderConfirmed = defineEvent(
  "order.confirmed",
  1,
  z.object({ orderId, customerId, lines: z.array(OrderLine), total: Money }),
);
export const OrderPaid = defineEvent("order.paid", 1, z.object({ orderId, customerId, total: Money }));
/** The order will be cancelled once its money and stock have been given back. */
export const OrderAbandoned = defineEvent(
  "order.abandoned",
  1,
  z.object({ orderId, customerId, reason: CancelReason }),
);
export const OrderCancelled = defineEvent(
  "order.cancelled",
  1,
  z.object({ orderId, customerId, reason: CancelReason }),
);
