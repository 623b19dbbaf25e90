import { answer, done, type PageQuery } from "./call.ts";
import type { OrderApi } from "./order.ts";

/** For staff: the list that orders are priced by, made anew from events beside the live one. */
export const priceListCalls = (api: OrderApi) => {
  const { rebuilds } = api["price-list"];
  return {
    /** From now on all that happens is written to both lists. */
    beginRebuild: () => answer(rebuilds.$post()),
    /** A page of the comparison; what differs is mended in the live list. */
    compareRebuild: (id: string, query: PageQuery = {}) =>
      answer(rebuilds[":id"].compare.$post({ param: { id }, query })),
    endRebuild: (id: string) => done(rebuilds[":id"].$delete({ param: { id } })),
  };
};
