import { setClock } from "@cartwright/core/clock";
import { Order } from "@cartwright/core/order";
import { cause } from "@cartwright/core/test/order";
import { createEvent, newId, UserErased } from "@cartwright/events";
import { Resource } from "sst";
import { expect, onTestFinished, test } from "vitest";
import { placeOrder } from "../test/placed-order.ts";
import { batchOf } from "../test/queue.ts";
import { handler } from "./forget-customer.ts";

const staff = { userId: newId("usr"), roles: ["staff" as const] };
const handled = { batchItemFailures: [] };

const minutes = Resource.Identity.accessTokenMinutes;

const erased = (userId: string) =>
  createEvent(UserErased, { subject: userId, sequence: 2, time: new Date(), cause, data: { userId } });

/** Lets so many minutes be over, until the end of the test. */
function pass(count: number): void {
  onTestFinished(setClock(() => Date.now() + count * 60_000));
}

async function placeAndCancel(customerId: string): Promise<string> {
  const { id } = await placeOrder(customerId);
  await Order.abandon(id, { name: "OutOfStockError" }, cause);
  await Order.cancel(id, cause);
  return id;
}

const addressOf = async (id: string) => (await Order.fromID(id, staff)).shippingAddress;

test("a customer is forgotten at once, and looked for again until no token of theirs is valid", async () => {
  const customerId = newId("usr");
  const before = await placeAndCancel(customerId);
  const event = erased(customerId);
  const batch = batchOf(event);
  const offeredAgain = { batchItemFailures: [{ itemIdentifier: batch.Records[0]!.messageId }] };
  expect(await handler(batch)).toEqual(offeredAgain);
  expect(await addressOf(before)).toBeUndefined();

  // With a token that was valid for a few minutes more.
  const since = await placeAndCancel(customerId);
  expect(await addressOf(since)).toBeDefined();
  pass(minutes + 1);
  expect(await handler(batch)).toEqual(offeredAgain);
  expect(await addressOf(since)).toBeUndefined();

  pass(minutes + 3);
  for (let time = 0; time < 2; time++) expect(await handler(batch)).toEqual(handled);
});

test("an event that comes late, or again from the archive, is done with at once", async () => {
  const customerId = newId("usr");
  const id = await placeAndCancel(customerId);
  const event = erased(customerId);
  pass(minutes + 3);
  for (let time = 0; time < 2; time++) {
    expect(await handler(batchOf(event))).toEqual(handled);
    expect(await addressOf(id)).toBeUndefined();
  }
});
