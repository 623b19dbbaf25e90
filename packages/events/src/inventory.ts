import * as z from "zod";
import { eventsOf, upcast } from "./definition.ts";
import { idSchema } from "./id.ts";
import { Money } from "./money.ts";
import { OrderLine } from "./order.ts";

const defineEvent = eventsOf("inventory");

export const ProductStatus = z.enum(["draft", "published", "retired"]);
export type ProductStatus = z.infer<typeof ProductStatus>;

const sku = z.string().meta({ examples: ["MUG-BLUE"] });

const title = z.string().meta({ examples: ["Stoneware mug"] });
const status = ProductStatus.meta({
  description: "Only a published product can be ordered.",
  examples: ["published"],
});

const ProductV1 = z.object({ sku, title, price: Money, status });

export const ProductVariant = z.object({
  sku,
  options: z
    .array(
      z.object({ name: z.string().meta({ examples: ["colour"] }), value: z.string().meta({ examples: ["blue"] }) }),
    )
    .describe("What tells it from the product's other variants; empty when there is but one."),
  prices: z.array(Money).min(1).describe("One for each currency that it is sold in."),
  retired: z.boolean().describe("Whether this variant alone is no longer sold."),
});
export type ProductVariant = z.infer<typeof ProductVariant>;

const Product = z.object({
  sku: z.string().meta({
    description: "Names the product; a product without options has one variant of this name.",
    examples: ["MUG-BLUE"],
  }),
  title,
  status,
  category: z
    .string()
    .optional()
    .meta({ examples: ["mugs"] }),
  variants: z.array(ProductVariant).min(1).describe("What can be ordered. A variant never leaves: it is retired."),
});

/** Version 1 knew one price, and nothing that comes in several kinds. */
const fromV1 = ({ sku, title, price, status }: z.infer<typeof ProductV1>): z.infer<typeof Product> => ({
  ...{ sku, title, status },
  variants: [{ sku, options: [], prices: [price], retired: false }],
});

const Created = Product.describe("A product has entered the catalogue.");
export const ProductCreated = defineEvent("product.created", 2, Created, {
  from: { 1: upcast(ProductV1, Created, fromV1) },
});

const Updated = Product.describe("A product has changed; the event holds all of it as it is now.");
export const ProductUpdated = defineEvent("product.updated", 2, Updated, {
  from: { 1: upcast(ProductV1, Updated, fromV1) },
});

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

const available = z
  .int()
  .nonnegative()
  .meta({ description: "Units that anybody can buy.", examples: [3] });
const lowStockAt = z
  .int()
  .nonnegative()
  .meta({ description: "From so many units down, staff want to know.", examples: [5] });

export const StockConfigured = defineEvent(
  "stock.configured",
  1,
  z
    .object({
      sku,
      shards: z
        .int()
        .positive()
        .meta({ description: "Over how many items the stock is spread.", examples: [1] }),
      backorderLimit: z.int().nonnegative().describe("How many units may be sold that are still to come."),
      lowStockAt: lowStockAt.optional(),
    })
    .describe("Staff have decided how the stock of a product is kept."),
);
export const StockLow = defineEvent(
  "stock.low",
  1,
  z.object({ sku, available, lowStockAt }).describe("No more than a few units of a product are left to be sold."),
);
export const StockSoldOut = defineEvent(
  "stock.sold-out",
  1,
  z.object({ sku }).describe("No unit of a product is left to be sold, and no more may be promised."),
);
export const StockReplenished = defineEvent(
  "stock.replenished",
  1,
  z.object({ sku, available }).describe("There is enough again of a product that was low or sold out."),
);

const Reservation = z.object({ orderId: idSchema("ord"), lines: z.array(OrderLine) });

export const StockReserved = defineEvent(
  "stock.reserved",
  1,
  Reservation.describe("The units of an order are held for it, and nobody else can buy them."),
);
export const StockRefused = defineEvent(
  "stock.refused",
  1,
  z
    .object({
      orderId: idSchema("ord"),
      lines: z.array(OrderLine.extend({ available })).min(1).describe("Those that lack, with what there was."),
    })
    .describe("There is not enough of everything that an order asks for, so nothing of it is held."),
);
export const StockBackordered = defineEvent(
  "stock.backordered",
  1,
  Reservation.describe("These units of an order are promised to it, but still to come."),
);
export const StockAllocated = defineEvent(
  "stock.allocated",
  1,
  Reservation.extend({
    owed: z.array(OrderLine).describe("What is still to come."),
  }).describe("Units have come in that an order was waiting for, and are held for it."),
);
export const StockReleased = defineEvent(
  "stock.released",
  1,
  Reservation.extend({
    expired: z.boolean().optional().describe("Whether they were held for too long; otherwise the checkout was undone."),
  }).describe("The units held for an order are available again, because its checkout was undone or took too long."),
);
export const StockCommitted = defineEvent(
  "stock.committed",
  1,
  Reservation.describe("The units held for an order are its own for good: it has been confirmed."),
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
export const StockShipped = defineEvent(
  "stock.shipped",
  1,
  Reservation.extend({ fulfilmentId: idSchema("ful") }).describe("Units of an order have left the house."),
);
