import { Order } from "@cartwright/core/order";
import { ProductCreated, ProductUpdated, StockLow, StockReplenished, StockSoldOut } from "@cartwright/events";
import { react } from "./react.ts";

/** What is for sale, for how much, and whether there is any: the order domain's own copy. */
export const handler = react("UpdatePriceList", {
  [ProductCreated.name]: Order.applyProduct,
  [ProductUpdated.name]: Order.applyProduct,
  [StockSoldOut.name]: (event) => Order.applyStock(event, false),
  [StockLow.name]: (event) => Order.applyStock(event, true),
  [StockReplenished.name]: (event) => Order.applyStock(event, true),
});
