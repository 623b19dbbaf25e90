import { Order } from "@cartwright/core/order";
import { on, ProductCreated, ProductUpdated } from "@cartwright/events";
import { react } from "./react.ts";

export const handler = react(
  "update-price-list",
  on(ProductCreated, Order.applyProduct),
  on(ProductUpdated, Order.applyProduct),
);
