import * as z from "zod";
import { InvalidError } from "./error.ts";
import { sign, verify } from "./sign.ts";

/** A page of a list; `nextCursor` is absent on the last one. */
export interface Page<Item> {
  items: Item[];
  nextCursor?: string;
}

/** Which page is asked for. */
export interface Paging {
  limit: number;
  cursor?: string | undefined;
}

export interface PageOptions extends Paging {
  /** Who reads: a caller's id, or `anybody` where all read the same. A cursor is good for its reader alone. */
  reader: string;
}

/** Of what is public, so that people can hand a page on. */
export const anybody = "public";

/** A list that is read page by page: `Position` is the place of an item in its order. */
export interface Listing<Position, Item> {
  /** What its cursors are given out for: the list, and all that it is filtered by. */
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
  { reader, limit, cursor }: PageOptions,
): Promise<Page<Item>> {
  const bound = JSON.stringify([binding, reader]);
  const after = cursor === undefined ? undefined : decodeCursor(cursor, bound, position);
  // One more than is shown tells whether there is a next page.
  const found = await find(after, limit + 1);
  const shown = found.slice(0, limit);
  const last = found.length > limit ? shown.at(-1) : undefined;
  return { items: await read(shown), ...(last && { nextCursor: encodeCursor(bound, last) }) };
}

const Keys = z.array(z.record(z.string(), z.string()));

/** What a query with `data: "includeKeys"` finds in an index of keys alone: they are all that there is, and strings. */
export function keysIn(rows: readonly object[]): z.infer<typeof Keys> {
  return Keys.parse(rows);
}

/**
 * An opaque cursor: the sort position of the last item seen, signed with whom and what it was given out for, which it does
 * not hold. Nor does it hold a key of the table, which the reader makes from the position itself.
 */
function encodeCursor(bound: string, position: Record<string, string | number>): string {
  const place = Buffer.from(JSON.stringify(position)).toString("base64url");
  return `${place}.${sign(purpose, signed(bound, place))}`;
}

function decodeCursor<Position>(cursor: string, bound: string, schema: z.ZodType<Position>): Position {
  const [place = "", signature = "", ...more] = cursor.split(".");
  if (more.length === 0 && verify(purpose, signed(bound, place), signature)) {
    // What we signed may still be of a list whose places were others, before a deployment.
    const parsed = schema.safeParse(JSON.parse(Buffer.from(place, "base64url").toString()));
    if (parsed.success) return parsed.data;
  }
  throw new InvalidError("invalid_cursor", "cursor is not one this list gave out: start again without it", [
    { path: "cursor", code: "invalid_cursor", message: "not a cursor of this list" },
  ]);
}

const purpose = "cursor";

/** A line feed is in neither: JSON escapes it. */
function signed(bound: string, place: string): string {
  return `${bound}\n${place}`;
}
