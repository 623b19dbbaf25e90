import * as z from "zod";
import { eventsOf } from "./definition.ts";
import { idSchema } from "./id.ts";
import { Money } from "./money.ts";
import { OrderLine } from "./order.ts";

const defineEvent = eventsOf("inventory");

export const ProductStatus = z.enum(["draft", "published", "retired"]);
export type ProductStatus = z.infer<typeof ProductStatus>;

const sku = z.string().meta({ examples: ["MUG-BLUE"] });

const Product = z.object({
  sku,
  title: z.string().meta({ examples: ["Blue mug"] }),
  price: Money,
  status: ProductStatus.describe("Only a published product can be ordered."),
});

export const ProductCreated = defineEvent(
  "product.created",
  1,
  Product.describe("A product has entered the catalogue."),
);
export const ProductUpdated = defineEvent(
  "product.updated",
  1,
  Product.describe("A product's title, price or status has changed; the event holds all of them as they are now."),
);

export const StockAdjusted = defineEvent(
  "stock.adjusted",
  1,
  z
    .object({
      adjustmentId: idSchema("adj"),
      sku,
      delta: z.int().meta({ description: "Units that came in, or went out when negative.", examples: [12] }),
    })
    .describe("The stock on hand of a product was corrected by staff, for one after a delivery or a count."),
);

const Reservation = z.object({ orderId: idSchema("ord"), lines: z.array(OrderLine) });

export const StockReserved = defineEvent(
  "stock.reserved",
  1,
  Reservation.describe("The units of an order are held for it, and nobody else can buy them."),
);
export const StockReleased = defineEvent(
  "stock.released",
  1,
  Reservation.describe("The units held for an order are available again, because its checkout was undone."),
);
export const StockCommitted = defineEvent(
  "stock.committed",
  1,
  Reservation.describe("The units held for an order are its own for good: it has been paid for."),
);
export const StockRestocked = defineEvent(
  "stock.restocked",
  1,
  Reservation.extend({
    returnId: z
      .string()
      .optional()
      .meta({
        description: "The return that brought them; absent when a paid order was cancelled.",
        examples: ["ret_01J9ZC5Q8MXW3VT0S6K2F4B7RD"],
      }),
  }).describe("Units that were an order's own for good can be sold again."),
);
export const StockWrittenOff = defineEvent(
  "stock.written-off",
  1,
  Reservation.extend({
    returnId: z.string().meta({ examples: ["ret_01J9ZC5Q8MXW3VT0S6K2F4B7RD"] }),
  }).describe("Units of an order have come back and can't be sold again."),
);
