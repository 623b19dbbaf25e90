import { CancelReason, idSchema, Money, Sku } from "@cartwright/events";
import * as z from "zod";
import { Text } from "../text.ts";

export const ID = idSchema("ord");

/** What people call an order by, such as 4821-0937-6215; they may write it without dashes, or with spaces. */
export const OrderNumber = z
  .string()
  .max(40)
  .transform((text) => text.replaceAll(/[ -]/g, ""))
  .pipe(z.string().regex(/^\d{12}$/, "expected an order's number such as 4821-0937-6215"))
  .transform((digits) => digits.replaceAll(/\d{4}(?=\d)/g, "$&-"));

export const Line = z.object({ sku: Sku, title: z.string(), quantity: z.int().positive(), unitPrice: Money });
export type Line = z.infer<typeof Line>;

export const Address = z.strictObject({
  name: Text(100),
  line1: Text(200),
  line2: Text(200).optional(),
  city: Text(100),
  postalCode: Text(20),
  country: z.string().regex(/^[A-Z]{2}$/, "expected an ISO 3166 code such as DE"),
});
export type Address = z.infer<typeof Address>;

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
  /** What was asked to be sent back. */
  lines: Quantities,
  /** Why; staff and the customer can read it. */
  reason: z.string().optional(),
  createdAt: z.iso.datetime(),
  /** What has come, which may be less than was asked. */
  received: Quantities.optional(),
  /** What is refunded for it. */
  amount: Money.optional(),
  /** Whether the units can be sold again. */
  restock: z.boolean().optional(),
  /** Why staff did not take it back; the customer can read it. */
  declineReason: z.string().optional(),
  /** When it was received or declined. */
  settledAt: z.iso.datetime().optional(),
});
export type Return = z.infer<typeof Return>;

export const Status = z.enum(["pending", "confirmed", "fulfilled", "cancelled", "returned"]);
export type Status = z.infer<typeof Status>;

export const Info = z.object({
  id: ID,
  number: OrderNumber,
  status: Status,
  reason: CancelReason.optional(),
  /** It will be cancelled, as soon as its money and stock have been given back. */
  cancelling: z.boolean(),
  lines: z.array(Line),
  total: Money,
  shippingAddress: Address,
  paid: z.boolean(),
  /** What has been paid back so far. */
  refunded: Money,
  fulfilments: z.array(Fulfilment),
  /** Promised, and still to come: it can't be sent yet. This and `lacking` follow the stock by a moment. */
  backordered: Quantities,
  /** Why there was not enough for the order, so that nothing was held for it. */
  lacking: z.array(Lacking),
  returns: z.array(Return),
  version: z.int(),
  createdAt: z.iso.datetime(),
});
export type Info = z.infer<typeof Info>;

export const Summary = Info.pick({
  id: true,
  number: true,
  status: true,
  reason: true,
  total: true,
  createdAt: true,
}).extend({
  /** Whose it is, in the lists of staff alone. */
  customerId: idSchema("usr").optional(),
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
    cartId: idSchema("crt").optional(),
    shippingAddress: Address,
    payment: z.strictObject({
      token: z.string().regex(/^[\x21-\x7e]{1,200}$/, "expected a token of the payment provider"),
    }),
    /** In which of the currencies that the products are sold in; that of the cart, or the first that fits, if absent. */
    currency: Money.shape.currency.optional(),
  })
  .refine(({ lines, cartId }) => lines || cartId, { path: ["lines"], error: "send lines, or the cartId of a cart" })
  .refine(({ lines, cartId }) => !(lines && cartId), { path: ["cartId"], error: "send lines or a cartId, not both" });
export type Place = z.infer<typeof Place>;

export const Fulfil = z.strictObject({
  /** All that is left to be sent and has come, if absent. */
  lines: RequestedLines.optional(),
  tracking: Tracking.optional(),
});
export type Fulfil = z.infer<typeof Fulfil>;

export const RequestReturn = z.strictObject({
  lines: RequestedLines,
  /** Why; staff and the customer can read it. */
  reason: Text(200).optional(),
});
export type RequestReturn = z.infer<typeof RequestReturn>;

export const ReceiveReturn = z.strictObject({
  /** All that was asked for, if absent. */
  lines: RequestedLines.optional(),
  /** False for what can't be sold again. */
  restock: z.boolean(),
});
export type ReceiveReturn = z.infer<typeof ReceiveReturn>;

export const DeclineReturn = z.strictObject({
  /** Why; the customer can read it. */
  reason: Text(200),
});
export type DeclineReturn = z.infer<typeof DeclineReturn>;

export const Cancellation = z.object({
  orderId: ID,
  /** `cancelled` for one that was so before it was asked for. */
  status: z.enum(["cancelling", "cancelled"]),
  reason: CancelReason,
});
export type Cancellation = z.infer<typeof Cancellation>;
