import type { Page } from "./api.ts";

/**
 * The items of all pages, each page read when it is needed: whoever stops early reads no more. `limit` is the size of a
 * page, at most 100.
 */
export async function* everyItem<Item, Query extends { cursor?: string | undefined; limit?: number | undefined }>(
  read: (query: Query) => Promise<Page<Item>>,
  query: Query,
): AsyncGenerator<Item, void, undefined> {
  const limit = query.limit === undefined ? {} : { limit: Math.min(query.limit, 100) };
  for (let cursor = query.cursor; ; ) {
    const page = await read({ ...query, ...limit, ...(cursor !== undefined && { cursor }) });
    yield* page.items;
    if (page.nextCursor === undefined) return;
    cursor = page.nextCursor;
  }
}
