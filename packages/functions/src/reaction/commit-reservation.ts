import { Inventory } from "@cartwright/core/inventory";
import { causeOf, OrderConfirmed } from "@cartwright/events";
import { react } from "./react.ts";

/** From its confirmation on an order's stock is its own, however long its money takes; only an undo gives it back. */
export const handler = react("CommitReservation", {
  [OrderConfirmed.name]: (event) => Inventory.commit(event.data.orderId, causeOf(event)),
});
