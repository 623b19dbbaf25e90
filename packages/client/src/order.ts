import type { Caller, CallOptions, KeyedOptions } from "./call.ts";
import { keyed } from "./keyed.ts";
import { everyItem } from "./page.ts";
import type { Answer, Body, Query } from "./request.ts";
import type { Chance } from "./retry.ts";

export type OrdersQuery = Query<"listOrders">;

export interface Waiting extends Pick<CallOptions, "signal"> {
  /** How long to wait at most. */
  timeoutMs?: number;
  /** The first pause between two looks; they become longer, up to two seconds. */
  intervalMs?: number;
}

/** The order was not settled when the caller's patience ended; it goes on without being watched. */
export class StillPendingError extends Error {
  override name = "StillPendingError";
}

/** Of guests, those who ask with the token of their order may see it, cancel it, ask to send goods back, and have it forgotten. */
export const orderCalls = (call: Caller, chance: Chance) => {
  const get = (id: string, options?: CallOptions) => call("getOrder", { params: { id } }, options);
  const list = (query: OrdersQuery = {}, options?: CallOptions) => call("listOrders", { query }, options);
  return {
    /**
     * Places an order; the same key places it once, however often this is called. Whoever has not signed in is a guest, and
     * `guestToken` in the answer opens the order again: see `asGuest`.
     */
    place: (body: Body<"placeOrder">, options?: string | KeyedOptions) => call("placeOrder", { body }, keyed(options)),
    get,
    /** What has happened to an order, oldest first; it follows the order by a moment. */
    timeline: (id: string, options?: CallOptions) => call("getOrderTimeline", { params: { id } }, options),
    /** One's own, newest first. For staff: everybody's of a `status`, or the one of a `number`. */
    list,
    /** As `list`, page by page as they are needed. */
    all: (query: OrdersQuery = {}, options?: CallOptions) => everyItem((page) => list(page, options), query),
    /** Cancels an order that is still to be fulfilled; it is `cancelled` once all it holds has been given back. */
    cancel: (id: string, options?: string | KeyedOptions) => call("cancelOrder", { params: { id } }, keyed(options)),
    /**
     * Has address, tracking and free texts erased, at once or with the end of an order that is still to be sent. It can't be
     * undone. Guests, who have no account to close, leave by it.
     */
    erasePersonalData: (id: string, options?: CallOptions) =>
      call("erasePersonalData", { params: { id } }, { ...options, repeatable: true }),
    /** For staff: goods were handed to a carrier, those named or all that is left and has come. */
    fulfil: (id: string, body: Body<"fulfilOrder"> = {}, options?: string | KeyedOptions) =>
      call("fulfilOrder", { params: { id }, body }, keyed(options)),
    /** Asks to send goods back; staff receive or decline them. */
    requestReturn: (id: string, body: Body<"requestReturn">, options?: string | KeyedOptions) =>
      call("requestReturn", { params: { id }, body }, keyed(options)),
    /** For staff: goods have come back; their refund and restocking follow. */
    receiveReturn: (id: string, returnId: string, body: Body<"receiveReturn">, options?: string | KeyedOptions) =>
      call("receiveReturn", { params: { id, returnId }, body }, keyed(options)),
    /** For staff: the goods will not be taken back. */
    declineReturn: (id: string, returnId: string, body: Body<"declineReturn">, options?: string | KeyedOptions) =>
      call("declineReturn", { params: { id, returnId }, body }, keyed(options)),
    /** Follows an order until it is paid or cancelled; throws `StillPendingError` after `timeoutMs`, 30 seconds if absent. */
    waitUntilSettled: (id: string, waiting: Waiting = {}) => untilSettled(id, get, waiting, chance),
  };
};

type Order = Answer<"getOrder">;

const longestIntervalMs = 2_000;

async function untilSettled(
  id: string,
  get: (id: string, options?: CallOptions) => Promise<Order>,
  { timeoutMs = 30_000, intervalMs = 200, signal = new AbortController().signal }: Waiting,
  { now, pause }: Chance,
): Promise<Order> {
  const endsAtMs = now() + timeoutMs;
  for (let intervalNowMs = intervalMs; ; intervalNowMs = Math.min(intervalNowMs * 1.5, longestIntervalMs)) {
    const order = await get(id, { signal });
    if (isSettled(order)) return order;
    const leftMs = endsAtMs - now();
    if (leftMs <= 0) throw new StillPendingError(`${id} is not settled after ${timeoutMs} ms`);
    await pause(Math.min(intervalNowMs, leftMs), signal);
  }
}

function isSettled({ status, paid, cancelling }: Order): boolean {
  return status === "cancelled" || status === "returned" || (paid && !cancelling);
}
