import { Inventory } from "@cartwright/core/inventory";
import { causeOf, PaymentCaptured } from "@cartwright/events";
import { react } from "./react.ts";

/** Only once the money is there: until then the checkout may still be undone, and with it the hold on stock. */
export const handler = react("CommitReservation", {
  [PaymentCaptured.name]: (event) => Inventory.commit(event.data.orderId, causeOf(event)),
});
