import type { Caller, CallOptions } from "./call.ts";
import { cartCalls } from "./cart.ts";
import { isProblem } from "./error.ts";
import { everyItem } from "./page.ts";
import type { Answer } from "./request.ts";

export type ExportedOrder = Answer<"getOrder"> & {
  timeline: Answer<"getOrderTimeline">["items"];
  /** Absent if nothing was ever to be paid. */
  payment?: Answer<"getPayment">;
};

/** What the shop keeps of a customer. `elsewhere` names what this client did not know how to gather. */
export type Export = Answer<"exportMe"> & {
  orders: ExportedOrder[];
  /** Absent if the customer has none. */
  cart?: Answer<"getOwnCart">;
};

/** It asks three times for each order, so that somebody with many has to wait where the API says so. */
const patient = { retry: { tries: 20 }, timeoutMs: 5 * 60_000 };

const gathered = ["/orders", "/orders/{id}/timeline", "/payments/{id}", "/carts/mine"];

export async function exportAll(call: Caller, options: CallOptions = {}): Promise<Export> {
  const patiently = { ...patient, ...options };
  const kept = await call("exportMe", {}, patiently);
  const elsewhere = kept.elsewhere.filter(({ href }) => !gathered.includes(href));
  const orders: ExportedOrder[] = [];
  for await (const { id } of everyItem((query) => call("listOrders", { query }, patiently), { limit: 100 })) {
    orders.push(await exportOrder(call, id, patiently));
  }
  const cart = await cartCalls(call).mine(patiently);
  return { ...kept, elsewhere, orders, ...(cart && { cart }) };
}

async function exportOrder(call: Caller, id: string, options: CallOptions): Promise<ExportedOrder> {
  const [order, timeline, payment] = await Promise.all([
    call("getOrder", { params: { id } }, options),
    call("getOrderTimeline", { params: { id } }, options),
    // An order has one payment, and both ids end alike.
    call("getPayment", { params: { id: id.replace(/^ord_/, "pay_") } }, options).catch(unlessThereIsNone),
  ]);
  return { ...order, timeline: timeline.items, ...(payment && { payment }) };
}

function unlessThereIsNone(error: unknown): undefined {
  if (!isProblem(error, "payment_not_found")) throw error;
}
