import { Order } from "@cartwright/core/order";
import { StockAllocated, StockBackordered, StockRefused } from "@cartwright/events";
import { react } from "./react.ts";

/** The order knows what lacks, and what is still to come for it: nobody can send that yet. */
export const handler = react("RecordShortage", {
  [StockRefused.name]: (event) =>
    Order.recordLacking(event.data.orderId, { lines: event.data.lines, sequence: event.sequence }),
  [StockBackordered.name]: (event) =>
    Order.recordOwed(event.data.orderId, { lines: event.data.lines, sequence: event.sequence }),
  [StockAllocated.name]: (event) =>
    Order.recordOwed(event.data.orderId, { lines: event.data.owed, sequence: event.sequence }),
});
