/** The typed API: paths, bodies and answers come from the routers themselves, so a change there fails here first. */
import type * as routers from "@cartwright/functions";
import { hc } from "hono/client";
import { cartCalls } from "./cart.ts";
import { opsCalls } from "./ops.ts";
import { orderCalls } from "./order.ts";
import { paymentCalls } from "./payment.ts";
import { priceListCalls } from "./price-list.ts";
import { productCalls } from "./product.ts";
import { userCalls } from "./user.ts";

export { newKey, ProblemError } from "./call.ts";
export type { LettersQuery } from "./ops.ts";
export { type OrdersQuery, StillPendingError } from "./order.ts";

export interface Options {
  /** Where the API is, such as http://127.0.0.1:4000. */
  baseUrl: string;
  /** Answers the access token to send, if the caller is signed in. */
  token?: () => string | undefined;
  fetch?: typeof globalThis.fetch;
}

export type Client = ReturnType<typeof createClient>;
export type Order = Awaited<ReturnType<Client["orders"]["get"]>>;
export type Cart = Awaited<ReturnType<Client["carts"]["get"]>>;
export type Payment = Awaited<ReturnType<Client["payments"]["get"]>>;
export type PlaceOrder = Parameters<Client["orders"]["place"]>[0];

export function createClient({ baseUrl, token, fetch = globalThis.fetch }: Options) {
  const options = {
    fetch,
    headers: (): Record<string, string> => {
      const accessToken = token?.();
      return accessToken ? { Authorization: `Bearer ${accessToken}` } : {};
    },
  };
  const orderApi = hc<typeof routers.orders>(baseUrl, options);
  return {
    users: userCalls(hc<typeof routers.users>(baseUrl, options)),
    products: productCalls(hc<typeof routers.inventory>(baseUrl, options)),
    orders: orderCalls(orderApi),
    carts: cartCalls(orderApi),
    priceList: priceListCalls(orderApi),
    payments: paymentCalls(hc<typeof routers.payments>(baseUrl, options), baseUrl),
    ops: opsCalls(hc<typeof routers.ops>(baseUrl, options)),
  };
}
