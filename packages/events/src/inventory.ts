import * as z from "zod";
import { eventsOf } from "./definition.ts";
import { idSchema } from "./id.ts";
import { Money } from "./money.ts";
import { OrderLine } from "./order.ts";

const defineEvent = eventsOf("inventory");

export const ProductStatus = z.enum(["draft", "published", "retired"]);
export type ProductStatus = z.infer<typeof ProductStatus>;

const Product = z.object({ sku: z.string(), title: z.string(), price: Money, status: ProductStatus });

export const ProductCreated = defineEvent("product.created", 1, Product);
export const ProductUpdated = defineEvent("product.updated", 1, Product);

export const StockAdjusted = defineEvent(
  "stock.adjusted",
  1,
  z.object({ adjustmentId: idSchema("adj"), sku: z.string(), delta: z.int() }),
);

const Reservation = z.object({ orderId: idSchema("ord"), lines: z.array(OrderLine) });

export const StockReserved = defineEvent("stock.reserved", 1, Reservation);
export const StockReleased = defineEvent("stock.released", 1, Reservation);
export const StockCommitted = defineEvent("stock.committed", 1, Reservation);
