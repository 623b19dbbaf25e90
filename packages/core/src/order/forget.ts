/** What the order domain does when somebody is to be forgotten. */
import type { Cause } from "@cartwright/events";
import type { Actor } from "../actor.ts";
import { untilApplied } from "../contention.ts";
import { cartIdOf, expire } from "./cart/store.ts";
import { erase, isFinal } from "./erasure-rule.ts";
import { pagesOf } from "./list.ts";
import { change, existing, markForErasure, read, visible } from "./store.ts";

/**
 * Takes out of a customer's orders and cart what tells who they are and where they live. An order that is still to be sent
 * keeps that until it is final, and loses it by the write that makes it so. Safe to repeat, at the same time too, and
 * to go on with: what is done is passed over. Orders that are placed meanwhile are not found.
 */
export async function forget(customerId: string, cause: Cause): Promise<void> {
  const failures: unknown[] = [];
  await expire(cartIdOf(customerId)).catch((error) => failures.push(error));
  for await (const page of pagesOf(customerId)) {
    const left = page.filter(({ erasure }) => erasure === undefined);
    const ended = await Promise.allSettled(left.map(({ orderId }) => forgetOrder(orderId, cause)));
    failures.push(...ended.flatMap((one) => (one.status === "rejected" ? [one.reason] : [])));
  }
  // What can't be forgotten now keeps nothing else from it.
  if (failures.length > 0) throw failures[0];
}

/** The same for one order, by its owner, who may be a guest, or by staff. For others there is no such order. */
export async function eraseOrder(orderId: string, by: Actor, cause: Cause): Promise<void> {
  visible(await read(orderId), orderId, by);
  await forgetOrder(orderId, cause);
}

function forgetOrder(orderId: string, cause: Cause): Promise<void> {
  return untilApplied(orderId, async () => {
    const order = await existing(orderId);
    if (!isFinal(order)) return order.erasure !== undefined || markForErasure(order);
    await change(orderId, cause, erase);
    return true;
  });
}
