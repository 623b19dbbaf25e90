import { newId } from "@cartwright/events";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { setClock } from "./clock.ts";
import { dynamo } from "./dynamo.ts";
import { type Delivery, retentionDays } from "./inbox.ts";
import { Order } from "./order/index.ts";
import { orders, ordersAndInbox } from "./order/order.entity.ts";
import { cause, createInput, createPrice } from "./test/order.ts";

const dayMs = 24 * 60 * 60 * 1000;

beforeAll(() => createPrice("INBOX-CUP", 1));

async function createPlaced(): Promise<string> {
  const input = createInput({ lines: [{ sku: "INBOX-CUP", quantity: 1 }] });
  const { order } = await Order.place(input, { customerId: newId("usr"), idempotencyKey: newId("req") }, cause);
  return order.id;
}

const createDelivery = (): Delivery => ({ subscriber: "ResumeCheckout", eventId: newId("evt") });
const resume = (orderId: string, delivery: Delivery) =>
  Order.resumeOnce(orderId, "payment-action", delivery, { ...cause, causationId: delivery.eventId });

/** Each effect is an event, and each event raises the version by one. */
async function effectsOn(orderId: string): Promise<number> {
  const { data } = await orders().get({ orderId }).go({ consistent: true });
  return data!.version - 1;
}

async function recordOf(delivery: Delivery) {
  const { data } = await ordersAndInbox().entities.inbox.get(delivery).go({ consistent: true });
  return data;
}

/** Breaks the connection around the next transaction, beyond the SDK's own retries. */
function loseTransaction(when: "before" | "after") {
  const name = "lose-transaction";
  dynamo().middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName !== "TransactWriteItemsCommand") return next(args);
      if (when === "after") await next(args);
      throw Object.assign(new Error("the connection is gone"), { syscall: "read" });
    },
    { step: "initialize", name, priority: "high", override: true },
  );
  const mend = () => dynamo().middlewareStack.remove(name);
  onTestFinished(() => {
    mend();
  });
  return mend;
}

test("a second delivery changes nothing and succeeds", async () => {
  const [orderId, delivery] = [await createPlaced(), createDelivery()];
  await resume(orderId, delivery);
  expect(await effectsOn(orderId)).toBe(1);
  const record = await recordOf(delivery);
  await resume(orderId, delivery);
  expect(await effectsOn(orderId)).toBe(1);
  expect(await recordOf(delivery)).toEqual(record);
});

test("ten deliveries at once have one effect, and all succeed", async () => {
  const [orderId, delivery] = [await createPlaced(), createDelivery()];
  await Promise.all(Array.from({ length: 10 }, () => resume(orderId, delivery)));
  expect(await effectsOn(orderId)).toBe(1);
});

test("another event, and another subscriber of the same event, have effects of their own", async () => {
  const [orderId, delivery] = [await createPlaced(), createDelivery()];
  await resume(orderId, delivery);
  await resume(orderId, { ...delivery, eventId: newId("evt") });
  await resume(orderId, { ...delivery, subscriber: "Another" });
  expect(await effectsOn(orderId)).toBe(3);
});

test("deliveries of different events at once each have their effect", async () => {
  const orderId = await createPlaced();
  await Promise.all(
    [createDelivery(), createDelivery(), createDelivery()].map((delivery) => resume(orderId, delivery)),
  );
  expect(await effectsOn(orderId)).toBe(3);
});

test("a crash before the transaction leaves neither effect nor record, and the next delivery does both", async () => {
  const [orderId, delivery] = [await createPlaced(), createDelivery()];
  const mend = loseTransaction("before");
  await expect(resume(orderId, delivery)).rejects.toMatchObject({ name: "UnavailableError" });
  expect([await effectsOn(orderId), await recordOf(delivery)]).toEqual([0, null]);
  mend();
  await resume(orderId, delivery);
  expect(await effectsOn(orderId)).toBe(1);
  expect(await recordOf(delivery)).toMatchObject(delivery);
});

test("a crash after the transaction leaves both, and the next delivery changes nothing", async () => {
  const [orderId, delivery] = [await createPlaced(), createDelivery()];
  const mend = loseTransaction("after");
  await expect(resume(orderId, delivery)).rejects.toMatchObject({ name: "UnavailableError" });
  expect(await effectsOn(orderId)).toBe(1);
  expect(await recordOf(delivery)).toMatchObject(delivery);
  mend();
  await resume(orderId, delivery);
  expect(await effectsOn(orderId)).toBe(1);
});

test("an order that was settled meanwhile is left alone, with nothing to remember", async () => {
  const [orderId, delivery] = [await createPlaced(), createDelivery()];
  await Order.confirm(orderId, cause);
  await Order.markPaid(orderId, cause);
  await resume(orderId, delivery);
  expect([await effectsOn(orderId), await recordOf(delivery)]).toEqual([2, null]);
});

test("a record counts until it expires, and no longer, though DynamoDB has not deleted it yet", async () => {
  const startMs = Date.UTC(2026, 0, 1);
  let atMs = startMs;
  onTestFinished(setClock(() => atMs));
  const [orderId, delivery] = [await createPlaced(), createDelivery()];
  await resume(orderId, delivery);
  expect(await recordOf(delivery)).toMatchObject({ expiresAt: startMs / 1000 + retentionDays * 24 * 60 * 60 });
  atMs = startMs + retentionDays * dayMs;
  await resume(orderId, delivery);
  const before = await effectsOn(orderId);
  expect(before).toBe(1);
  atMs += 1000;
  await resume(orderId, delivery);
  // Its deadline has long passed: it is resumed to be undone, which are two events.
  expect(await effectsOn(orderId)).toBe(before + 2);
  await resume(orderId, delivery);
  expect(await effectsOn(orderId)).toBe(before + 2);
});
