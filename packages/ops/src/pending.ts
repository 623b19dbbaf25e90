/** Orders that should have been settled by now. */
import type { Client } from "@cartwright/client";
import { fitting, Orders } from "./answer.ts";

export type PendingOrder = Awaited<ReturnType<Client["orders"]["list"]>>["items"][number];

/** A checkout takes seconds, but for a customer who confirms the payment at their bank. */
export const patienceMs = 10 * 60_000;

/** The API shows the newest first: to know the oldest all have to be read, but not without an end. */
const maximumPages = 20;
const perPage = 100;

/** As many as are read at most. */
export const maximumPending = maximumPages * perPage;

export interface Pending {
  /** The oldest first. */
  orders: PendingOrder[];
  /** There are older ones that were not read. */
  more: boolean;
}

/** What was placed before then (ISO 8601) and is pending still. */
export async function pendingSince(client: Client, placedBefore: string): Promise<Pending> {
  const orders: PendingOrder[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maximumPages; page++) {
    const query = { status: "pending", placedBefore, limit: perPage, cursor } as const;
    const { items, nextCursor } = fitting(Orders, await client.orders.list(query));
    orders.unshift(...items.toReversed());
    cursor = nextCursor;
    if (cursor === undefined) break;
  }
  return { orders, more: cursor !== undefined };
}
