import { Inventory } from "@cartwright/core/inventory";
import { on, PaymentCaptured } from "@cartwright/events";
import { causeOf, react } from "./react.ts";

/** Only once the money is there: until then the checkout may still be undone, and with it the hold on stock. */
export const handler = react(
  "commit-reservation",
  on(PaymentCaptured, (event) => Inventory.commit(event.data.orderId, causeOf(event))),
);
