import { Order } from "@cartwright/core/order";
import { causeOf, OrderPlaced } from "@cartwright/events";
import { NotYetError, react } from "./react.ts";

/**
 * Every order is looked at some time after it was placed. One that is not settled is started again, and its message
 * goes back to the queue to look once more; an order that never settles ends in the dead letters, for a person.
 */
export const handler = react("WatchCheckout", {
  [OrderPlaced.name]: async (event) => {
    const { orderId } = event.data;
    const { settled } = await Order.resume(orderId, "watch", causeOf(event));
    if (!settled) throw new NotYetError(`${orderId} is not settled yet: started its checkout again`);
  },
});
