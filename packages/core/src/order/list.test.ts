import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { newId } from "@cartwright/events";
import { Resource } from "sst";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { bucketOf } from "../bucket.ts";
import { setClock } from "../clock.ts";
import { dynamo } from "../dynamo.ts";
import { cause, createPrice } from "../test/order.ts";
import { Order } from "./index.ts";
import { byStaff, createPaid, createPlaced, createSent } from "./test/placed.ts";

const reader = newId("usr");

beforeAll(() => createPrice("CUP", 950));

/** The attributes of an order that make its place in the index of statuses. */
async function placeInIndex(orderId: string) {
  const Key = { pk: { S: `$order#orderId_${orderId}` }, sk: { S: "$order_1" } };
  const get = new GetItemCommand({ TableName: Resource.OrderTable.name, Key, ConsistentRead: true });
  const { Item } = await dynamo().send(get);
  return [Item!.gsi2pk!.S, Item!.gsi2sk!.S];
}

/** Pages of a status, until all of these were seen or there are no more. Other tests have orders of their own. */
async function pagesWith(ids: string[], status: Order.Status, limit: number) {
  const pages: Listed[][] = [];
  let cursor: string | undefined;
  do {
    const page = await Order.listByStatus(status, { reader, limit, cursor });
    pages.push(page.items);
    cursor = page.nextCursor;
  } while (cursor && !ids.every((id) => idsIn(pages).includes(id)));
  return pages;
}

type Listed = Awaited<ReturnType<typeof Order.listByStatus>>["items"][number];

const idsIn = (pages: Listed[][]) => pages.flat().map(({ id }) => id);

describe("the orders of a status", () => {
  test("are found in the bucket of each order, wherever its status takes it", async () => {
    const { id, owner } = await createPlaced();
    const { createdAt } = await Order.fromID(id, owner);
    const key = (status: Order.Status) => [
      `$order#status_${status}#bucket_${bucketOf(id)}`,
      `$order_1#createdAt_${createdAt}#orderId_${id}`,
    ];
    expect(await placeInIndex(id)).toEqual(key("pending"));
    await Order.confirm(id, cause);
    expect(await placeInIndex(id)).toEqual(key("confirmed"));
    await Order.markPaid(id, cause);
    expect(await placeInIndex(id)).toEqual(key("confirmed"));
    await Order.fulfil(id, {}, byStaff(), cause);
    expect(await placeInIndex(id)).toEqual(key("fulfilled"));
    const lines = [{ sku: "CUP", quantity: 2 }];
    const { given } = await Order.requestReturn(id, { lines }, { actor: owner, idempotencyKey: "k" }, cause);
    await Order.receiveReturn(id, given.id, { restock: true }, byStaff(), cause);
    expect(await placeInIndex(id)).toEqual(key("returned"));
  });

  test("follow a transaction with the inbox as well", async () => {
    const { id } = await createPlaced();
    onTestFinished(setClock(() => Date.now() + Order.deadlineMs + 1000));
    await Order.resumeOnce(id, "watch", { subscriber: "Test", eventId: newId("evt") }, cause);
    await Order.cancel(id, cause);
    expect((await placeInIndex(id))[0]).toContain("status_cancelled");
  });

  test("come newest first over all buckets, page by page, each once", async () => {
    let seconds = 0;
    onTestFinished(setClock(() => Date.UTC(2027, 0, 1, 0, 0, 0, 1000 * Math.floor(seconds++ / 12))));
    const placed: string[] = [];
    for (let index = 0; index < 23; index++) placed.push((await createSent()).id);
    const ours = await newestFirst(placed);
    for (const limit of [1, 4, 23, 100]) {
      const pages = await pagesWith(placed, "fulfilled", limit);
      expect(idsIn(pages).filter((id) => placed.includes(id))).toEqual(ours);
      for (const page of pages) expect(page.length).toBeLessThanOrEqual(limit);
      expect(new Set(idsIn(pages)).size).toBe(idsIn(pages).length);
    }
  });

  test("may be those alone that were placed before some time, page by page, whatever its zone", async () => {
    let hour = 0;
    onTestFinished(setClock(() => Date.UTC(2028, 0, 1, hour)));
    const placed: string[] = [];
    for (hour = 1; hour <= 4; hour++) placed.unshift((await createPlaced()).id);
    const placedBefore = "2028-01-01T05:00:00+01:00";
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await Order.listByStatus("pending", { reader, limit: 1, cursor, placedBefore });
      seen.push(...idsIn([page.items]));
      cursor = page.nextCursor;
    } while (cursor && !seen.includes(placed.at(-1)!));
    expect(seen.slice(0, 3)).toEqual(placed.slice(1));
    const other = { reader, limit: 1, placedBefore: "2028-01-01T03:00:00Z" };
    const { nextCursor } = await Order.listByStatus("pending", other);
    await expect(Order.listByStatus("pending", { reader, limit: 1, cursor: nextCursor })).rejects.toMatchObject({
      code: "invalid_cursor",
    });
  });

  test("come to an end", async () => {
    const { id } = await createSent();
    const pages = await pagesWith([id, "none"], "fulfilled", 100);
    expect(idsIn(pages).filter((one) => one === id).length).toBe(1);
  });

  test("tell staff whose they are", async () => {
    const { id, customerId, read } = await createPaid();
    const pages = await pagesWith([id], "confirmed", 100);
    const { number, total, createdAt } = await read();
    expect(pages.flat().find((one) => one.id === id)).toEqual({
      ...{ id, number, status: "confirmed", total, createdAt, customerId },
    });
  });

  test("have cursors of their own", async () => {
    await createPlaced();
    await createPlaced();
    const { nextCursor: cursor } = await Order.listByStatus("pending", { reader, limit: 1 });
    const elsewhere = [
      Order.listByStatus("confirmed", { reader, limit: 1, cursor }),
      Order.listByStatus("pending", { reader: newId("usr"), limit: 1, cursor }),
      Order.list(newId("usr"), { limit: 1, cursor }),
    ];
    for (const refused of elsewhere) await expect(refused).rejects.toMatchObject({ code: "invalid_cursor" });
    for (const forged of ["", "x", Buffer.from('["orders?status=pending",{}]').toString("base64url")]) {
      const list = Order.listByStatus("pending", { reader, limit: 1, cursor: forged });
      await expect(list).rejects.toMatchObject({ code: "invalid_cursor" });
    }
  });
});

test("an order is found by the number that people call it by, and by no other", async () => {
  const { id, customerId, read } = await createPlaced();
  const { number } = await read();
  expect(await Order.listByNumber(number)).toMatchObject({ items: [{ id, number, customerId }] });
  expect(await Order.listByNumber("0000-0000-0000")).toEqual({ items: [] });
});

/** By their own time, and by id of those of one moment. */
async function newestFirst(ids: string[]): Promise<string[]> {
  const staff = { userId: newId("usr"), roles: ["staff" as const] };
  const placed = await Promise.all(ids.map((id) => Order.fromID(id, staff)));
  return placed
    .map(({ id, createdAt }) => `${createdAt} ${id}`)
    .sort()
    .reverse()
    .map((key) => key.split(" ")[1]!);
}
