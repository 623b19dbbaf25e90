export * as Order from "./index.ts";

import type { Actor } from "../actor.ts";
import { shortageOf } from "./fulfilment/shortage.ts";
import type { Info } from "./schema.ts";
import { serialize } from "./serialize.ts";
import { read, visible } from "./store.ts";
import { momentsOf, type Timeline } from "./timeline/timeline.ts";

export { requestCancellation } from "./cancellation.ts";
export * as Cart from "./cart/cart.ts";
export { abandon, cancel, confirm, markPaid, recordRefund, resume, resumeOnce } from "./checkout.ts";
export { eraseOrder, forget } from "./forget.ts";
export { fulfil } from "./fulfilment/fulfilment.ts";
export { NotFulfillableError } from "./fulfilment/fulfilment-rule.ts";
export { declineReturn, receiveReturn, requestReturn } from "./fulfilment/return.ts";
export {
  NotReceivableError,
  NotReturnableError,
  ReturnNotFoundError,
  ReturnSettledError,
} from "./fulfilment/return-rule.ts";
export { recordLacking, recordOwed } from "./fulfilment/shortage.ts";
export { list, listByNumber, listByStatus } from "./list.ts";
export { deadlineMs, place } from "./place.ts";
export { applyProduct, applyStock } from "./price-list/price-list.ts";
export { beginRebuild, Compared, compareRebuild, endRebuild, Rebuild, RebuildID } from "./price-list/rebuild.ts";
export {
  AbandonedError,
  type Failure,
  NotAbandonedError,
  NotCancellableError,
  OverdueError,
  type Step,
  transitions,
} from "./rule.ts";
export {
  Address,
  Cancellation,
  DeclineReturn,
  Fulfil,
  Fulfilment,
  ID,
  Info,
  Line,
  OrderNumber as Number,
  Place,
  Placed,
  ReceiveReturn,
  RequestReturn,
  Return,
  Status,
  Summary,
  Tracking,
} from "./schema.ts";
export { NotFoundError } from "./store.ts";
export { addToTimeline, Moment, Timeline } from "./timeline/timeline.ts";

/** For its owner and for staff. Another customer's order is not found, so that ids can't be probed. */
export async function fromID(orderId: string, reader: Pick<Actor, "userId"> & Partial<Actor>): Promise<Info> {
  const [order, shortage] = await Promise.all([read(orderId), shortageOf(orderId)]);
  return serialize(visible(order, orderId, reader), shortage);
}

/**
 * What has happened to an order, oldest first. Its owner and staff may see it; for others there is no such order. It is
 * built from events, so it follows the order by a moment.
 */
export async function timeline(orderId: string, reader: Actor): Promise<Timeline> {
  visible(await read(orderId), orderId, reader);
  return { items: await momentsOf(orderId) };
}
