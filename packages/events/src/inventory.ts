import * as z from "zod";
import { defineEvent } from "./envelope.ts";
import { idSchema } from "./id.ts";
import { Money } from "./money.ts";
import { OrderLine } from "./order.ts";

export const ProductStatus = z.enum(["draft", "published", "retired"]);
export type ProductStatus = z.infer<typeof ProductStatus>;

const Product = z.object({ sku: z.string(), title: z.string(), price: Money, status: ProductStatus });

export const ProductCreated = defineEvent("inventory", "product.created", 1, Product);
export const ProductUpdated = defineEvent("inventory", "product.updated", 1, Product);

export const StockAdjusted = defineEvent(
  "inventory",
  "stock.adjusted",
  1,
  z.object({ adjustmentId: idSchema("adj"), sku: z.string(), delta: z.int() }),
);

const Reservation = z.object({ orderId: idSchema("ord"), lines: z.array(OrderLine) });

export const StockReserved = defineEvent("inventory", "stock.reserved", 1, Reservation);
export const StockReleased = defineEvent("inventory", "stock.released", 1, Reservation);
export const StockCommitted = defineEvent("inventory", "stock.committed", 1, Reservation);
