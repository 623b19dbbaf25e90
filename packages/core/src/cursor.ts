import { InvalidError } from "./error.ts";

/** A page of a list; `nextCursor` is absent on the last one. */
export interface Page<Item> {
  items: Item[];
  nextCursor?: string;
}

/** An opaque cursor, bound to whom and what it was given out for. */
export function encodeCursor(position: string | null, binding: string): string | undefined {
  if (position === null) return undefined;
  return Buffer.from(JSON.stringify([binding, position])).toString("base64url");
}

export function decodeCursor(cursor: string | undefined, binding: string): string | null {
  if (cursor === undefined) return null;
  try {
    const [boundTo, position] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as [unknown, unknown];
    if (boundTo === binding && typeof position === "string") return position;
  } catch {}
  throw new InvalidError("invalid_cursor", "cursor is not one this list gave out: start again without it", [
    { path: "cursor", code: "invalid_cursor", message: "not a cursor of this list" },
  ]);
}
