import type { orders } from "@cartwright/functions";
import type { hc, InferRequestType } from "hono/client";
import { answer, type Body, keyed, newKey } from "./call.ts";

/** Carts and the price list are parts of it. */
export type OrderApi = ReturnType<typeof hc<typeof orders>>;

type Orders = OrderApi["orders"];
type OneOrder = Orders[":id"];
type OneReturn = OneOrder["returns"][":returnId"];

export type OrdersQuery = InferRequestType<Orders["$get"]>["query"];

/** The order was not settled when the caller's patience ended; it goes on without being watched. */
export class StillPendingError extends Error {
  override name = "StillPendingError";
}

export const orderCalls = (api: OrderApi) => {
  const one = api.orders[":id"];
  const oneReturn = one.returns[":returnId"];
  const get = (id: string) => answer(one.$get({ param: { id } }));
  return {
    /** Places an order; the same key places it once, however often this is called. */
    place: (json: Body<Orders["$post"]>, idempotencyKey = newKey()) =>
      answer(api.orders.$post({ json, header: keyed(idempotencyKey) })),
    get,
    /** What has happened to an order, oldest first; it follows the order by a moment. */
    timeline: (id: string) => answer(one.timeline.$get({ param: { id } })),
    /** One's own, newest first. For staff: everybody's of a `status`, or the one of a `number`. */
    list: (query: OrdersQuery = {}) => answer(api.orders.$get({ query })),
    /** Cancels an order that is still to be fulfilled; it is `cancelled` once all it holds has been given back. */
    cancel: (id: string, idempotencyKey = newKey()) =>
      answer(one.cancel.$post({ param: { id }, header: keyed(idempotencyKey) })),
    /** For staff: goods were handed to a carrier, those named or all that is left and has come. */
    fulfil: (id: string, json: Body<OneOrder["fulfilments"]["$post"]> = {}, idempotencyKey = newKey()) =>
      answer(one.fulfilments.$post({ param: { id }, json, header: keyed(idempotencyKey) })),
    /** Asks to send goods back; staff receive or decline them. */
    requestReturn: (id: string, json: Body<OneOrder["returns"]["$post"]>, idempotencyKey = newKey()) =>
      answer(one.returns.$post({ param: { id }, json, header: keyed(idempotencyKey) })),
    /** For staff: goods have come back; their refund and restocking follow. */
    receiveReturn: (
      id: string,
      returnId: string,
      json: Body<OneReturn["receive"]["$post"]>,
      idempotencyKey = newKey(),
    ) => answer(oneReturn.receive.$post({ param: { id, returnId }, json, header: keyed(idempotencyKey) })),
    /** For staff: the goods will not be taken back. */
    declineReturn: (id: string, returnId: string, json: { reason: string }, idempotencyKey = newKey()) =>
      answer(oneReturn.decline.$post({ param: { id, returnId }, json, header: keyed(idempotencyKey) })),
    /** Follows an order until it is paid or cancelled; throws `StillPendingError` after `timeoutMs`. */
    waitUntilSettled: async (id: string, { timeoutMs = 30_000, intervalMs = 200 } = {}) => {
      for (const deadline = Date.now() + timeoutMs; ; ) {
        const current = await get(id);
        const isDone = current.status === "cancelled" || current.status === "returned";
        if (isDone || (current.paid && !current.cancelling)) return current;
        if (Date.now() >= deadline) throw new StillPendingError(`${id} is not settled after ${timeoutMs} ms`);
        await new Promise((resolve) => setTimeout(resolve, intervalMs));
      }
    },
  };
};
