import { Order } from "@cartwright/core/order";
import { cause } from "@cartwright/core/test/order";
import { createEvent, newId, StockAllocated, StockBackordered, StockRefused } from "@cartwright/events";
import { describe, expect, test } from "vitest";
import { placeOrder } from "../test/placed-order.ts";
import { batchOf } from "../test/queue.ts";
import { handler } from "./record-shortage.ts";

const handled = { batchItemFailures: [] };
const cups = (quantity: number) => [{ sku: "PLACED-CUP", quantity }];

/** An order of two cups, and how it is read. */
async function createOrder() {
  const customerId = newId("usr");
  const { id } = await placeOrder(customerId);
  return { id, read: () => Order.fromID(id, { userId: customerId }) };
}

const about = (orderId: string, sequence: number) => ({ subject: orderId, sequence, time: new Date(), cause });

describe("what is still to come for an order is what was said last", () => {
  /** Both cups are promised; one of them comes, then the other. */
  const story = (orderId: string) => ({
    promised: createEvent(StockBackordered, { ...about(orderId, 1), data: { orderId, lines: cups(2) } }),
    one: createEvent(StockAllocated, { ...about(orderId, 2), data: { orderId, lines: cups(1), owed: cups(1) } }),
    both: createEvent(StockAllocated, { ...about(orderId, 3), data: { orderId, lines: cups(1), owed: [] } }),
  });

  test.each([
    ["as it happened", ["promised", "one"], 1],
    ["in the other order", ["one", "promised"], 1],
    ["all over again", ["promised", "one", "both", "promised", "one", "both"], 0],
    ["with the end first", ["both", "one", "promised"], 0],
  ] as const)("whether it is told %s, each twice", async (_, told, quantity) => {
    const { id, read } = await createOrder();
    const events = story(id);
    for (const which of told) expect(await handler(batchOf(events[which], events[which]))).toEqual(handled);
    expect(await read()).toMatchObject({ backordered: quantity > 0 ? cups(quantity) : [] });
  });

  test("in one batch, whose messages are handled at the same time", async () => {
    const { id, read } = await createOrder();
    const { promised, one, both } = story(id);
    expect(await handler(batchOf(both, promised, one, promised))).toEqual(handled);
    expect(await read()).toMatchObject({ backordered: [] });
  });
});

test("delivered twice, what lacked of a cancelled order can be read with it", async () => {
  const { id, read } = await createOrder();
  const lacking = [{ sku: "PLACED-CUP", quantity: 2, available: 1 }];
  const refused = createEvent(StockRefused, { ...about(id, 1), data: { orderId: id, lines: lacking } });
  expect(await handler(batchOf(refused, refused))).toEqual(handled);
  await Order.abandon(id, { name: "OutOfStockError", step: "reserve" }, cause);
  await Order.cancel(id, cause);
  const cancelled = await read();
  expect(cancelled).toMatchObject({ status: "cancelled", lacking, backordered: [] });
  expect(await handler(batchOf(refused))).toEqual(handled);
  expect(await read()).toEqual(cancelled);
});
