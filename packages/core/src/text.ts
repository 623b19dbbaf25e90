import * as z from "zod";

/** Text that a person wrote: trimmed, not empty, without control characters or halves of surrogate pairs. */
export function Text(maximumLength: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(maximumLength)
    .refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text), "control characters and broken characters are not text");
}
