import { Order } from "@cartwright/core/order";
import { type Effects, orderEvents } from "@cartwright/events";
import { react } from "./react.ts";

const effects: Effects = Object.fromEntries(orderEvents.map(({ name }) => [name, Order.addToTimeline]));

/** Every event that tells of an order is one line of its timeline. */
export const handler = react("RecordTimeline", effects);
