import type { Cart } from "./api.ts";
import type { Caller, CallOptions } from "./call.ts";
import { isProblem } from "./error.ts";
import type { Body } from "./request.ts";

/** For whoever is signed in, and for guests: a guest's cart is used by whoever knows its id. */
export const cartCalls = (call: Caller) => ({
  /** The caller's cart, or a new one for a guest. */
  create: (body: Body<"openCart"> = {}, options?: CallOptions) => call("openCart", { body }, options),
  /** The cart of whoever is signed in, or `undefined` if there is none: none is made. */
  mine: (options?: CallOptions): Promise<Cart | undefined> => call("getOwnCart", {}, options).catch(unlessThereIsNone),
  /** `problems` say what keeps it from being ordered. */
  get: (id: string, options?: CallOptions) => call("getCart", { params: { id } }, options),
  /** Puts so many into the cart at today's price, if it is still at `version`. */
  setLine: (id: string, version: number, { sku, quantity }: { sku: string; quantity: number }, options?: CallOptions) =>
    call("putCartLine", { params: { id, sku }, version, body: { quantity } }, options),
  removeLine: (id: string, version: number, sku: string, options?: CallOptions) =>
    call("removeCartLine", { params: { id, sku }, version }, options),
  /** After signing in: a guest's cart goes into the caller's, which is answered. It can be repeated. */
  merge: (id: string, options?: CallOptions) => call("mergeCart", { params: { id } }, { ...options, repeatable: true }),
});

function unlessThereIsNone(error: unknown): undefined {
  if (!isProblem(error, "cart_not_found")) throw error;
}
