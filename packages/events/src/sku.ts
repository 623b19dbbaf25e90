import * as z from "zod";

/** Letters, digits and `-_.` alone: a SKU is part of table keys and URLs. */
export const Sku = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected letters, digits and . _ - (at most 64)");
