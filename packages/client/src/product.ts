import type { Caller, CallOptions, KeyedOptions } from "./call.ts";
import { keyed } from "./keyed.ts";
import { everyItem } from "./page.ts";
import type { Body, Query } from "./request.ts";

export const productCalls = (call: Caller) => {
  const list = (query: Query<"listProducts"> = {}, options?: CallOptions) => call("listProducts", { query }, options);
  const stockMovements = (sku: string, query: Query<"listStockMovements"> = {}, options?: CallOptions) =>
    call("listStockMovements", { params: { sku }, query }, options);
  return {
    /** What is for sale, by title: `prefix` is what titles begin with, whatever their case and accents. */
    list,
    /** As `list`, page by page as they are needed. */
    all: (query: Query<"listProducts"> = {}, options?: CallOptions) => everyItem((page) => list(page, options), query),
    /** By its own name or that of a variant. */
    get: (sku: string, options?: CallOptions) => call("getProduct", { params: { sku } }, options),
    /** For staff. */
    create: (body: Body<"createProduct">, options?: CallOptions) => call("createProduct", { body }, options),
    /** For staff: changes the product if it is still at `version`. */
    update: (sku: string, version: number, body: Body<"updateProduct">, options?: CallOptions) =>
      call("updateProduct", { params: { sku }, version, body }, options),
    /** Whether there is any, for shoppers. */
    availability: (sku: string, options?: CallOptions) => call("getAvailability", { params: { sku } }, options),
    /** For staff: how many there are. */
    stock: (sku: string, options?: CallOptions) => call("getStock", { params: { sku } }, options),
    /** For staff: how the stock is kept, if its settings are still at `version`. */
    configureStock: (sku: string, version: number, body: Body<"configureStock">, options?: CallOptions) =>
      call("configureStock", { params: { sku }, version, body }, options),
    /** For staff: what came and went, newest first. */
    stockMovements,
    allStockMovements: (sku: string, query: Query<"listStockMovements"> = {}, options?: CallOptions) =>
      everyItem((page) => stockMovements(sku, page, options), query),
    /** For staff. */
    adjustStock: (sku: string, body: Body<"adjustStock">, options?: string | KeyedOptions) =>
      call("adjustStock", { params: { sku }, body }, keyed(options)),
  };
};
