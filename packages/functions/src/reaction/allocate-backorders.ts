import { Inventory } from "@cartwright/core/inventory";
import {
  type Cause,
  causeOf,
  StockAdjusted,
  StockBackordered,
  StockConfigured,
  StockReleased,
  StockRestocked,
} from "@cartwright/events";
import { react } from "./react.ts";

const allocate = async (lines: { sku: string }[], cause: Cause) => {
  for (const sku of new Set(lines.map((line) => line.sku))) await Inventory.allocate(sku, cause);
};

/** Units that have come in go to the orders that wait for them, the oldest first; what is left then may be news. */
export const handler = react("AllocateBackorders", {
  [StockAdjusted.name]: (event) => allocate([event.data], causeOf(event)),
  // Units may have come between the look that found none and the promise.
  [StockBackordered.name]: (event) => allocate(event.data.lines, causeOf(event)),
  [StockConfigured.name]: (event) => allocate([event.data], causeOf(event)),
  [StockReleased.name]: (event) => allocate(event.data.lines, causeOf(event)),
  [StockRestocked.name]: (event) => allocate(event.data.lines, causeOf(event)),
});
