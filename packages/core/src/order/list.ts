import { createConversions } from "electrodb";
import * as z from "zod";
import { reaching } from "../aws-fault.ts";
import { readAll } from "../batch.ts";
import { buckets } from "../bucket.ts";
import { keysIn, type Page, type PageOptions, type Paging, pageOf } from "../cursor.ts";
import { type OrderItem, orders } from "./order.entity.ts";
import { ID, type Status, type Summary } from "./schema.ts";
import { summarize } from "./serialize.ts";

/** A customer's orders, newest first. */
export function list(customerId: string, options: Paging): Promise<Page<Summary>> {
  const query = orders().query.byCustomer({ customerId });
  return pageOf(
    {
      binding: "orders/own",
      position: Position,
      find: (after, limit) => newest("byCustomer", query, after, limit),
      read: async (found) => (await read(found)).map(summarize),
    },
    { ...options, reader: customerId },
  );
}

export interface OfStatus extends PageOptions {
  /** ISO 8601: leaves out what was placed then or later. */
  placedBefore?: string | undefined;
}

/**
 * The orders of a status, newest first, for staff. Each bucket is asked for a whole page, by keys alone, and the newest
 * of all are the page. What has left the status a moment ago is left out, so a page may be shorter than its limit.
 */
export function listByStatus(status: Status, { placedBefore, ...options }: OfStatus): Promise<Page<Summary>> {
  // Keys hold times in one spelling.
  const createdAt = placedBefore && new Date(placedBefore).toISOString();
  const queries = Array.from({ length: buckets }, (_, bucket) => orders().query.byStatus({ status, bucket }));
  return pageOf(
    {
      binding: `orders?status=${status}${createdAt ? `&placedBefore=${createdAt}` : ""}`,
      position: Position,
      find: async (after, limit) => {
        const start = after ?? (createdAt ? { createdAt } : undefined);
        const found = await Promise.all(queries.map((query) => newest("byStatus", query, start, limit)));
        return found.flat().sort(newestFirst);
      },
      read: async (found) => (await read(found)).filter((order) => order.status === status).map(summarizeForStaff),
    },
    options,
  );
}

/** All of a customer's orders, page by page, newest first, for those who do something to each. */
export async function* pagesOf(customerId: string): AsyncGenerator<OrderItem[]> {
  for (let after: Position | undefined; ; ) {
    const found = await newest("byCustomer", orders().query.byCustomer({ customerId }), after, pageSize);
    if (found.length === 0) return;
    yield await read(found);
    after = found.at(-1);
  }
}

/** The order that people call by this number, if there is one, for staff. */
export async function listByNumber(number: string): Promise<Page<Summary>> {
  const { data } = await reaching("orders", orders().query.byNumber({ number }).go(keysAlone));
  const { fromKeys } = createConversions(orders()).byAccessPattern.byNumber;
  const found = keysIn(data).map((keys) => fromKeys.toComposite<Key>(keys));
  return { items: (await read(found)).map(summarizeForStaff) };
}

/** A place in the order of time. */
const Position = z.strictObject({ createdAt: z.iso.datetime(), orderId: ID });
type Position = z.infer<typeof Position>;
type Key = Pick<Position, "orderId">;

/** As many as are done at the same time. */
const pageSize = 25;

const keysAlone = { data: "includeKeys" } as const;

type Query = ReturnType<ReturnType<typeof orders>["query"]["byCustomer" | "byStatus"]>;

async function newest(
  index: "byCustomer" | "byStatus",
  query: Query,
  after: Partial<Position> | undefined,
  limit: number,
): Promise<Position[]> {
  const page = (after ? query.lt(after) : query).go({ ...keysAlone, order: "desc", limit });
  const { data } = await reaching("orders", page);
  const { fromKeys } = createConversions(orders()).byAccessPattern[index];
  return keysIn(data).map((keys) => positionOf(fromKeys.toComposite(keys)));
}

function read(found: readonly Key[]): Promise<OrderItem[]> {
  const keys = found.map(({ orderId }) => ({ orderId }));
  return readAll("orders", keys, (some) => orders().get(some).go());
}

function positionOf({ createdAt, orderId }: Position): Position {
  return { createdAt, orderId };
}

function newestFirst(one: Position, other: Position): number {
  return compare(other.createdAt, one.createdAt) || compare(other.orderId, one.orderId);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function summarizeForStaff(order: OrderItem): Summary {
  return { ...summarize(order), customerId: order.customerId };
}
