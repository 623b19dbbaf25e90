import * as z from "zod";
import { eventsOf } from "./definition.ts";
import { idSchema } from "./id.ts";
import { Money } from "./money.ts";

const defineEvent = eventsOf("order");

const orderId = idSchema("ord");
const customerId = idSchema("usr");

export const OrderLine = z.object({
  sku: z.string().meta({ examples: ["MUG-BLUE"] }),
  quantity: z
    .int()
    .positive()
    .meta({ examples: [2] }),
});
export type OrderLine = z.infer<typeof OrderLine>;

/** All the checkout saga needs to know. The payment token is sealed for this order. */
export const Checkout = z.object({
  orderId,
  customerId,
  lines: z.array(OrderLine).min(1),
  total: Money,
  sealedToken: z.string().meta({
    description: "The payment token as a JWE for this order, which only the step that authorizes can open.",
    examples: ["eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAECAwQFBgcICQoL.c2VhbGVk.DA0ODxAREhMUFRYXGBkaGw"],
  }),
  deadlineAt: z.iso.datetime().describe("An order that is not settled by then is abandoned."),
  abandoned: z.boolean().describe("Whether all that is left to do is to undo the checkout."),
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

export const OrderPlaced = defineEvent(
  "order.placed",
  1,
  Checkout.describe("A customer has placed an order, and its checkout begins."),
);
export const CheckoutResumed = defineEvent(
  "checkout.resumed",
  1,
  Checkout.extend({
    // No enum: what starts a checkout again may grow without a new version.
    trigger: z
      .string()
      .optional()
      .meta({ description: "What started it again: `watch` or `payment-action` today.", examples: ["watch"] }),
  }).describe("The checkout of an unfinished order starts again, from whichever point its last run reached."),
);
export const OrderConfirmed = defineEvent(
  "order.confirmed",
  1,
  z
    .object({ orderId, customerId, lines: z.array(OrderLine), total: Money })
    .describe("Stock is held and the money is authorized: the order stands."),
);
export const OrderPaid = defineEvent(
  "order.paid",
  1,
  z
    .object({ orderId, customerId, total: Money })
    .describe("The order's money has been collected, which settles a confirmed order."),
);
export const OrderAbandoned = defineEvent(
  "order.abandoned",
  1,
  z
    .object({
      orderId,
      customerId,
      reason: CancelReason,
      step: z
        .string()
        .optional()
        .meta({
          description: "The step of the checkout that failed; absent when time ran out.",
          examples: ["authorize"],
        }),
      error: z
        .string()
        .optional()
        .meta({ description: "The name of the error that it failed with.", examples: ["PaymentDeclinedError"] }),
    })
    .describe("The order is given up; it will be cancelled once its money and stock have been given back."),
);
export const OrderCancelled = defineEvent(
  "order.cancelled",
  1,
  z
    .object({ orderId, customerId, reason: CancelReason })
    .describe("The order has ended without a sale, and nothing is held for it any more."),
);
