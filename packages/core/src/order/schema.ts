import { CancelReason, idSchema, Money, Sku } from "@cartwright/events";
import * as z from "zod";
import { Address } from "../address.ts";
import { Text } from "../text.ts";

export { Address } from "../address.ts";

export const ID = idSchema("ord");

/** What people call an order by, such as 4821-0937-6215; they may write it without dashes, or with spaces. */
export const OrderNumber = z
  .string()
  .max(40)
  .transform((text) => text.replaceAll(/[ -]/g, ""))
  .pipe(z.string().regex(/^\d{12}$/, "expected an order's number such as 4821-0937-6215"))
  .transform((digits) => digits.replaceAll(/\d{4}(?=\d)/g, "$&-"))
  .pipe(z.string().regex(/^\d{4}-\d{4}-\d{4}$/));

export const Line = z.object({ sku: Sku, title: z.string(), quantity: z.int().positive(), unitPrice: Money });
export type Line = z.infer<typeof Line>;

const Quantities = z.array(z.object({ sku: Sku, quantity: z.int().positive() }));

/** There was less than was asked for. */
export const Lacking = z.object({ sku: Sku, quantity: z.int().positive(), available: z.int().nonnegative() });
export type Lacking = z.infer<typeof Lacking>;

/** How a parcel is followed. It stays out of events: a tracking page may tell where somebody lives. */
export const Tracking = z.strictObject({
  carrier: Text(100),
  number: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ./_-]{0,63}$/, "expected letters, digits, spaces and . / _ - (at most 64)"),
  // A page that people will be sent to: nobody else's name before it, and nothing that only looks like its host.
  url: z
    .url("expected an https URL")
    .regex(/^https:\/\/[A-Za-z0-9.-]+(:\d+)?([/?#][\x21-\x7e]*)?$/, "expected an https URL in ASCII without a user")
    .max(500)
    .optional(),
});
export type Tracking = z.infer<typeof Tracking>;

/** Goods that were handed to a carrier. */
export const Fulfilment = z.object({
  id: idSchema("ful"),
  lines: Quantities,
  tracking: Tracking.optional(),
  createdAt: z.iso.datetime(),
});
export type Fulfilment = z.infer<typeof Fulfilment>;

/** Goods that somebody wants to send back, and what became of that. */
export const Return = z.object({
  id: idSchema("ret"),
  status: z.enum(["requested", "received", "declined"]),
  lines: Quantities.describe("What was asked to be sent back."),
  reason: z.string().optional().describe("Why; staff and the customer can read it."),
  createdAt: z.iso.datetime(),
  received: Quantities.optional().describe("What has come, which may be less than was asked."),
  amount: Money.optional().describe("What is refunded for it."),
  restock: z.boolean().optional().describe("Whether the units can be sold again."),
  declineReason: z.string().optional().describe("Why staff did not take it back; the customer can read it."),
  settledAt: z.iso.datetime().optional().describe("When it was received or declined."),
});
export type Return = z.infer<typeof Return>;

export const Status = z.enum(["pending", "confirmed", "fulfilled", "cancelled", "returned"]);
export type Status = z.infer<typeof Status>;

export const Info = z.object({
  id: ID,
  number: OrderNumber,
  status: Status,
  reason: CancelReason.optional(),
  cancelling: z.boolean().describe("It will be cancelled, as soon as its money and stock have been given back."),
  lines: z.array(Line),
  total: Money,
  shippingAddress: Address.optional().describe("Absent once it was erased on request."),
  paid: z.boolean(),
  refunded: Money.describe("What has been paid back so far."),
  fulfilments: z.array(Fulfilment),
  backordered: Quantities.describe(
    "Promised, and still to come: it can't be sent yet. This and `lacking` follow the stock by a moment.",
  ),
  lacking: z.array(Lacking).describe("Why there was not enough for the order, so that nothing was held for it."),
  returns: z.array(Return),
  version: z.int(),
  createdAt: z.iso.datetime(),
});
export type Info = z.infer<typeof Info>;

/** An order as it was placed. */
export const Placed = Info.extend({
  guestToken: z
    .string()
    .optional()
    .describe(
      "For a guest alone: opens this order, sent as `Authorization: Guest <token>`. Keep it: nothing else lets a guest in.",
    ),
});
export type Placed = z.infer<typeof Placed>;

export const Summary = Info.pick({
  id: true,
  number: true,
  status: true,
  reason: true,
  total: true,
  createdAt: true,
}).extend({
  customerId: idSchema("usr").optional().describe("Whose it is, in the lists of staff alone."),
});
export type Summary = z.infer<typeof Summary>;

/** Of the hundred writes of the transaction that reserves them the reservation takes one, and a line up to two. */
export const maximumLines = 49;

const RequestedLines = z
  .array(z.strictObject({ sku: Sku, quantity: z.int().min(1).max(999) }))
  .min(1)
  .max(maximumLines);

/** Either `lines`, or the cart that holds them. */
export const Place = z
  .strictObject({
    lines: RequestedLines.optional(),
    cartId: idSchema("crt").optional().describe("A cart that holds the lines, instead of `lines`."),
    shippingAddress: Address,
    payment: z.strictObject({
      token: z.string().regex(/^[\x21-\x7e]{1,200}$/, "expected a token of the payment provider"),
    }),
    currency: Money.shape.currency
      .optional()
      .describe(
        "In which of the currencies that the products are sold in; that of the cart, or the first that fits, if absent.",
      ),
  })
  .refine(({ lines, cartId }) => lines || cartId, { path: ["lines"], error: "send lines, or the cartId of a cart" })
  .refine(({ lines, cartId }) => !(lines && cartId), { path: ["cartId"], error: "send lines or a cartId, not both" });
export type Place = z.infer<typeof Place>;

export const Fulfil = z.strictObject({
  lines: RequestedLines.optional().describe("All that is left to be sent and has come, if absent."),
  tracking: Tracking.optional(),
});
export type Fulfil = z.infer<typeof Fulfil>;

export const RequestReturn = z.strictObject({
  lines: RequestedLines,
  reason: Text(200).optional().describe("Why; staff and the customer can read it."),
});
export type RequestReturn = z.infer<typeof RequestReturn>;

export const ReceiveReturn = z.strictObject({
  lines: RequestedLines.optional().describe("All that was asked for, if absent."),
  restock: z.boolean().describe("False for what can't be sold again."),
});
export type ReceiveReturn = z.infer<typeof ReceiveReturn>;

export const DeclineReturn = z.strictObject({
  reason: Text(200).describe("Why; the customer can read it."),
});
export type DeclineReturn = z.infer<typeof DeclineReturn>;

export const Cancellation = z.object({
  orderId: ID,
  status: z.enum(["cancelling", "cancelled"]).describe("`cancelled` for one that was so before it was asked for."),
  reason: CancelReason,
});
export type Cancellation = z.infer<typeof Cancellation>;
