import { Order } from "@cartwright/core/order";
import { type Cause, causeOf, OrderCancellationRequested, OrderPlaced } from "@cartwright/events";
import { NotYetError, react } from "./react.ts";

const watch = async (orderId: string, cause: Cause) => {
  const { settled } = await Order.resume(orderId, "watch", cause);
  if (!settled) throw new NotYetError(`${orderId} is not settled yet: started its checkout again`);
};

/**
 * Every order is looked at some time after it was placed, and again after somebody has cancelled it. One that is not
 * settled is started again, and its message goes back to the queue to look once more; an order that never settles ends
 * in the dead letters, for a person.
 */
export const handler = react("WatchCheckout", {
  [OrderPlaced.name]: (event) => watch(event.data.orderId, causeOf(event)),
  [OrderCancellationRequested.name]: (event) => watch(event.data.orderId, causeOf(event)),
});
