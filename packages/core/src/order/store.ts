/** How orders are read, and how they are changed. */
import type { Cause } from "@cartwright/events";
import type { Actor } from "../actor.ts";
import { applied, reaching } from "../aws-fault.ts";
import { change as changeItem } from "../change.ts";
import { DomainError } from "../error.ts";
import { type Delivery, once, remember } from "../inbox.ts";
import { erasable, heedErasure } from "./erasure-rule.ts";
import { measureChange } from "./measure.ts";
import { type OrderItem, orders, ordersAndInbox } from "./order.entity.ts";
import type * as rule from "./rule.ts";

export class NotFoundError extends DomainError {
  override name = "OrderNotFoundError";
  constructor(orderId: string) {
    super("not_found", "order_not_found", `there is no order ${orderId}`);
  }
}

type OrderWrite = rule.OrderChange["set"] & { version: number; outbox: string };

/**
 * Whatever is decided, an order whose customer is to be forgotten is erased by the write that makes it final. With a
 * `delivery`, throws `AlreadyHandledError` when it comes again and there would still be something to do.
 */
export async function change(
  orderId: string,
  cause: Cause,
  decide: (order: OrderItem) => rule.OrderChange | undefined,
  delivery?: Delivery,
): Promise<OrderItem> {
  const write = async (next: OrderWrite, _: number, before: OrderItem) => {
    await (delivery ? patchOnce(before, next, delivery) : patch(before, next));
    measureChange(before, next);
  };
  const store = { read: () => existing(orderId), write };
  const order = await changeItem(orderId, cause, store, (item) => heedErasure(item, decide(item)));
  if (order.erasure !== "done") return order;
  const { shippingAddress, sealedToken, ...kept } = order;
  return kept;
}

/**
 * Notes that the order is to be erased once it is final, unless somebody has changed it since. Nobody can see that, so it
 * makes no version and no event; whoever changes the order meanwhile decides anew.
 */
export function markForErasure(order: OrderItem): Promise<boolean> {
  const { orderId } = order;
  // Its last events have been told, and would be told again.
  const marked = orders().patch({ orderId }).set({ erasure: "due" }).remove(["outbox"]).where(unchangedSince(order));
  return applied("orders", marked.go());
}

function patch(before: OrderItem, next: OrderWrite) {
  const patched = orders()
    .patch({ orderId: before.orderId })
    .set(next)
    .remove(erasedBy(next))
    .composite(movedBy(next, before))
    .where(unchangedSince(before));
  return reaching("orders", patched.go());
}

function patchOnce(before: OrderItem, next: OrderWrite, delivery: Delivery) {
  const transact = () =>
    ordersAndInbox()
      .transaction.write((entities) => [
        remember(entities.inbox, delivery),
        entities.orders
          .patch({ orderId: before.orderId })
          .set(next)
          .remove(erasedBy(next))
          .composite(movedBy(next, before))
          .where(unchangedSince(before))
          .commit(),
      ])
      .go();
  return once(delivery, () => reaching("orders", transact()));
}

/** What the key of the orders of a status is made of besides the status; no other change touches that index. */
function movedBy(next: OrderWrite, { bucket, createdAt }: OrderItem) {
  return next.status === undefined ? {} : { bucket, createdAt };
}

function erasedBy(next: OrderWrite) {
  return next.erasure === "done" ? [...erasable] : [];
}

type Condition = Parameters<ReturnType<ReturnType<typeof orders>["create"]>["where"]>[0];

function unchangedSince({ version, erasure }: OrderItem): Condition {
  return (attributes, { eq, notExists }) => {
    const marked = erasure === undefined ? notExists(attributes.erasure) : eq(attributes.erasure, erasure);
    return `${eq(attributes.version, version)} AND ${marked}`;
  };
}

export async function read(orderId: string): Promise<OrderItem | undefined> {
  const { data } = await reaching("orders", orders().get({ orderId }).go({ consistent: true }));
  return data ?? undefined;
}

export async function existing(orderId: string): Promise<OrderItem> {
  const order = await read(orderId);
  if (!order) throw new NotFoundError(orderId);
  return order;
}

/** For its owner and for staff; for others there is no such order. */
export function visible(
  order: OrderItem | undefined,
  orderId: string,
  reader: Pick<Actor, "userId"> & Partial<Actor>,
): OrderItem {
  const maySee = order?.customerId === reader.userId || reader.roles?.includes("staff");
  if (!order || !maySee) throw new NotFoundError(orderId);
  return order;
}
