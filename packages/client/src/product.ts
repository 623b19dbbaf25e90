import type { inventory } from "@cartwright/functions";
import type { hc } from "hono/client";
import { answer, type Body, ifMatch, keyed, newKey, type PageQuery } from "./call.ts";

type Api = ReturnType<typeof hc<typeof inventory>>;
type OneProduct = Api["products"][":sku"];

export const productCalls = (api: Api) => {
  const one = api.products[":sku"];
  return {
    /** What is for sale, by title: `prefix` is what titles begin with, whatever their case and accents. */
    list: (query: { category?: string; prefix?: string } & PageQuery = {}) => answer(api.products.$get({ query })),
    /** By its own name or that of a variant. */
    get: (sku: string) => answer(one.$get({ param: { sku } })),
    create: (json: Body<Api["products"]["$post"]>) => answer(api.products.$post({ json })),
    /** Changes the product if it is still at `version`. */
    update: (sku: string, version: number, json: Body<OneProduct["$patch"]>) =>
      answer(one.$patch({ param: { sku }, json, header: ifMatch(version) })),
    stock: (sku: string) => answer(one.stock.$get({ param: { sku } })),
    /** Whether there is any, for shoppers. */
    availability: (sku: string) => answer(one.availability.$get({ param: { sku } })),
    /** For staff: how the stock is kept, if its settings are still at `version`. */
    configureStock: (sku: string, version: number, json: Body<OneProduct["stock"]["$patch"]>) =>
      answer(one.stock.$patch({ param: { sku }, json, header: ifMatch(version) })),
    /** For staff: what came and went, newest first. */
    stockMovements: (sku: string, query: PageQuery = {}) =>
      answer(one["stock-movements"].$get({ param: { sku }, query })),
    adjustStock: (sku: string, json: Body<OneProduct["stock-adjustments"]["$post"]>, idempotencyKey = newKey()) =>
      answer(one["stock-adjustments"].$post({ param: { sku }, json, header: keyed(idempotencyKey) })),
  };
};
