import * as z from "zod";
import { eventsOf, upcast } from "./definition.ts";
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

/** Version 1 knew failures alone: nobody could cancel an order by asking for it. */
const FailureReason = z.enum([
  "out_of_stock",
  "payment_declined",
  "insufficient_funds",
  "temporarily_unavailable",
  "expired",
  "internal_error",
]);
export const CancelReason = z.enum([...FailureReason.options, "customer_request", "staff_request"]);
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
      .meta({
        description: "What started it again: `watch`, `payment-action`, `cancellation` or `late-capture` today.",
        examples: ["watch"],
      }),
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
const Ended = z.object({ orderId, customerId, reason: CancelReason });
const EndedV1 = Ended.extend({ reason: FailureReason });

const whereItFailed = {
  step: z
    .string()
    .optional()
    .meta({
      description: "The step of the checkout that failed; absent when none did.",
      examples: ["authorize"],
    }),
  error: z
    .string()
    .optional()
    .meta({ description: "The name of the error that it failed with.", examples: ["PaymentDeclinedError"] }),
};
const Abandoned = Ended.extend(whereItFailed).describe(
  "The order is given up; it will be cancelled once its money and stock have been given back.",
);
export const OrderAbandoned = defineEvent("order.abandoned", 2, Abandoned, {
  from: { 1: upcast(EndedV1.extend(whereItFailed), Abandoned, (v1) => v1) },
});

const Cancelled = Ended.describe("The order has ended without a sale, and nothing is held for it any more.");
export const OrderCancelled = defineEvent("order.cancelled", 2, Cancelled, {
  from: { 1: upcast(EndedV1, Cancelled, (v1) => v1) },
});

export const OrderCancellationRequested = defineEvent(
  "order.cancellation-requested",
  1,
  z
    .object({
      orderId,
      customerId,
      by: z.string().meta({ description: "Who asked: `customer` or `staff`.", examples: ["customer"] }),
    })
    .describe("Somebody asked to cancel the order before it was fulfilled, and nothing can confirm it any more."),
);
export const OrderFulfilled = defineEvent(
  "order.fulfilled",
  1,
  z
    .object({
      orderId,
      customerId,
      fulfilmentId: idSchema("ful"),
      lines: z.array(OrderLine).min(1),
      complete: z.boolean().describe("Whether everything of the order has been sent by now."),
    })
    .describe("Goods of a paid order were handed to a carrier."),
);
export const OrderReturnRequested = defineEvent(
  "order.return-requested",
  1,
  z
    .object({ orderId, customerId, returnId: idSchema("ret"), lines: z.array(OrderLine).min(1) })
    .describe("Somebody asked to send goods of an order back."),
);
export const OrderReturnDeclined = defineEvent(
  "order.return-declined",
  1,
  z.object({ orderId, customerId, returnId: idSchema("ret") }).describe("Staff will not take the goods back."),
);
export const OrderReturned = defineEvent(
  "order.returned",
  1,
  z
    .object({
      orderId,
      customerId,
      returnId: idSchema("ret"),
      lines: z.array(OrderLine).min(1),
      amount: Money.describe("What the returned lines were paid with, and what is refunded for them."),
      restock: z.boolean().describe("Whether the units can be sold again."),
      complete: z.boolean().describe("Whether everything of the order has come back by now."),
    })
    .describe(
      "Goods of a paid order have come back; their refund and, unless they are spoilt, their restocking follow.",
    ),
);
const Refunded = z.object({
  orderId,
  customerId,
  refundId: z.string().meta({ examples: ["rfd_01J9ZC5Q8MXW3VT0S6K2F4B7RD"] }),
  amount: Money.describe("Of this refund."),
  refunded: Money.describe("All that was refunded of the order so far."),
});
export const OrderRefunded = defineEvent(
  "order.refunded",
  1,
  Refunded.describe("The order says how much of its money has been paid back."),
);
export const OrderRefundReversed = defineEvent(
  "order.refund-reversed",
  1,
  Refunded.describe("A refund of the order did not go through, or was sent back by the bank: it does not count."),
);
export const OrderAnonymized = defineEvent(
  "order.anonymized",
  1,
  z
    .object({ orderId, customerId })
    .describe("Somebody asked to be forgotten: the order is kept without address and free text."),
);
