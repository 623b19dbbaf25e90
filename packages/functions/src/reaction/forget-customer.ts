import { now } from "@cartwright/core/clock";
import { Order } from "@cartwright/core/order";
import { causeOf, UserErased } from "@cartwright/events";
import { Resource } from "sst";
import { NotYetError, react } from "./react.ts";

/** For what was under way when the last access token ended, and for an index that follows its orders. */
const graceMinutes = 2;

/**
 * An access token outlives its account, so that an order may be placed after it was closed: its message goes back to the
 * queue, to look again, until no token is valid any more.
 */
export const handler = react("ForgetCustomer", {
  [UserErased.name]: async (event) => {
    const { userId } = event.data;
    await Order.forget(userId, causeOf(event));
    const minutes = Resource.Identity.accessTokenMinutes + graceMinutes;
    const isOver = now().getTime() >= Date.parse(event.time) + minutes * 60_000;
    if (!isOver) throw new NotYetError(`${userId} may have ordered something since: looks again`);
  },
});
