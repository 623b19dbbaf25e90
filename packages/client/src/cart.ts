import { answer, type Body, ifMatch } from "./call.ts";
import type { OrderApi } from "./order.ts";

/** For whoever is signed in, and for guests: a guest's cart is used by whoever knows its id. */
export const cartCalls = (api: OrderApi) => {
  const one = api.carts[":id"];
  const line = one.lines[":sku"];
  return {
    /** The caller's cart, or a new one for a guest. */
    create: (json: Body<OrderApi["carts"]["$post"]> = {}) => answer(api.carts.$post({ json })),
    /** `problems` say what keeps it from being ordered. */
    get: (id: string) => answer(one.$get({ param: { id } })),
    /** Puts so many into the cart at today's price, if it is still at `version`. */
    setLine: (id: string, version: number, { sku, quantity }: { sku: string; quantity: number }) =>
      answer(line.$put({ param: { id, sku }, json: { quantity }, header: ifMatch(version) })),
    removeLine: (id: string, version: number, sku: string) =>
      answer(line.$delete({ param: { id, sku }, header: ifMatch(version) })),
    /** After signing in: a guest's cart goes into the caller's, which is answered. It can be repeated. */
    merge: (id: string) => answer(one.merge.$post({ param: { id } })),
  };
};
