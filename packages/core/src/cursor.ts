import type * as z from "zod";
import { InvalidError } from "./error.ts";

/** A page of a list; `nextCursor` is absent on the last one. */
export interface Page<Item> {
  items: Item[];
  nextCursor?: string;
}

/**
 * An opaque cursor: the sort position of the last item seen, bound to whom and what it was given out for. It never
 * holds a key of the table, which the reader makes from the position itself.
 */
export function encodeCursor(binding: string, position: Record<string, string>): string {
  return Buffer.from(JSON.stringify([binding, position])).toString("base64url");
}

export function decodeCursor<Position>(cursor: string, binding: string, schema: z.ZodType<Position>): Position {
  try {
    const [boundTo, position] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as [unknown, unknown];
    if (boundTo === binding) return schema.parse(position);
  } catch {}
  throw new InvalidError("invalid_cursor", "cursor is not one this list gave out: start again without it", [
    { path: "cursor", code: "invalid_cursor", message: "not a cursor of this list" },
  ]);
}
