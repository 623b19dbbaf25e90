import { Inventory } from "@cartwright/core/inventory";
import { causeOf, OrderReturned } from "@cartwright/events";
import { react } from "./react.ts";

/** Puts returned units back on the shelf, or writes them off. */
export const handler = react("RestockReturn", {
  [OrderReturned.name]: (event) => Inventory.takeBack(event.data.orderId, event.data, causeOf(event)),
});
