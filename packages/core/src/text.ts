import * as z from "zod";

/** Text that a person wrote: trimmed, not empty, without control characters or halves of surrogate pairs. */
export function Text(maximumLength: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(maximumLength)
    .refine(isReadable, "expected text with a letter or digit, without control characters");
}

/**
 * Half a surrogate pair can't be stored, queues refuse U+FFFE and U+FFFF, and characters that turn the direction of
 * writing mislead the reader.
 */
function isReadable(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text) && !/[\p{Cc}\p{Cs}\ufffe\uffff\u202a-\u202e\u2066-\u2069]/u.test(text);
}
