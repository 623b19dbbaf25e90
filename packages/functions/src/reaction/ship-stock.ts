import { Inventory } from "@cartwright/core/inventory";
import { causeOf, OrderFulfilled } from "@cartwright/events";
import { react } from "./react.ts";

/** Takes what was handed to the carrier out of our stock. */
export const handler = react("ShipStock", {
  [OrderFulfilled.name]: (event) => Inventory.ship(event.data.orderId, event.data, causeOf(event)),
});
