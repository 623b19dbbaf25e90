import * as z from "zod";
import { InvalidError } from "./error.ts";

/** A page of a list; `nextCursor` is absent on the last one. */
export interface Page<Item> {
  items: Item[];
  nextCursor?: string;
}

export interface PageOptions {
  limit: number;
  cursor?: string | undefined;
}

/** A list that is read page by page: `Position` is the place of an item in its order. */
export interface Listing<Position, Item> {
  /** Whom and what its cursors are given out for. */
  binding: string;
  position: z.ZodType<Position>;
  /** The places after this one, or all, in their order: the first `limit`, or more. */
  find(after: Position | undefined, limit: number): Promise<Position[]>;
  /** What is shown of these places, in their order: an index follows its items, so it may be less than there are. */
  read(found: Position[]): Promise<Item[]>;
}

/** A page of at most `limit` items. Throws `InvalidError` for a cursor that this list did not give out. */
export async function pageOf<Position extends Record<string, string | number>, Item>(
  { binding, position, find, read }: Listing<Position, Item>,
  { limit, cursor }: PageOptions,
): Promise<Page<Item>> {
  const after = cursor === undefined ? undefined : decodeCursor(cursor, binding, position);
  // One more than is shown tells whether there is a next page.
  const found = await find(after, limit + 1);
  const shown = found.slice(0, limit);
  const last = found.length > limit ? shown.at(-1) : undefined;
  return { items: await read(shown), ...(last && { nextCursor: encodeCursor(binding, last) }) };
}

const Keys = z.array(z.record(z.string(), z.string()));

/** What a query with `data: "includeKeys"` finds in an index of keys alone: they are all that there is, and strings. */
export function keysIn(rows: readonly object[]): z.infer<typeof Keys> {
  return Keys.parse(rows);
}

/**
 * An opaque cursor: the sort position of the last item seen, bound to whom and what it was given out for. It never
 * holds a key of the table, which the reader makes from the position itself.
 */
function encodeCursor(binding: string, position: Record<string, string | number>): string {
  return Buffer.from(JSON.stringify([binding, position])).toString("base64url");
}

function decodeCursor<Position>(cursor: string, binding: string, schema: z.ZodType<Position>): Position {
  try {
    const [boundTo, position] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as [unknown, unknown];
    if (boundTo === binding) return schema.parse(position);
  } catch {}
  throw new InvalidError("invalid_cursor", "cursor is not one this list gave out: start again without it", [
    { path: "cursor", code: "invalid_cursor", message: "not a cursor of this list" },
  ]);
}
