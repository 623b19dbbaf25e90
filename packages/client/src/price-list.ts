import type { Caller, CallOptions } from "./call.ts";
import type { Query } from "./request.ts";

/** For staff: the list that orders are priced by, made anew from events beside the live one. */
export const priceListCalls = (call: Caller) => ({
  /** From now on all that happens is written to both lists. */
  beginRebuild: (options?: CallOptions) => call("beginPriceListRebuild", {}, options),
  /** A page of the comparison; what differs is mended in the live list. */
  compareRebuild: (id: string, query: Query<"comparePriceListRebuild"> = {}, options?: CallOptions) =>
    call("comparePriceListRebuild", { params: { id }, query }, options),
  endRebuild: (id: string, options?: CallOptions) => call("endPriceListRebuild", { params: { id } }, options),
});
