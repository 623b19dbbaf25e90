import { Order } from "@cartwright/core/order";
import { ProductCreated, ProductUpdated } from "@cartwright/events";
import { react } from "./react.ts";

export const handler = react("UpdatePriceList", {
  [ProductCreated.name]: Order.applyProduct,
  [ProductUpdated.name]: Order.applyProduct,
});
