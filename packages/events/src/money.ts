import * as z from "zod";

/** Integer minor units of an ISO 4217 currency: `{ amount: 1999, currency: "EUR" }` is 19.99 euros. */
export const Money = z.object({
  amount: z
    .int()
    .nonnegative()
    .meta({ description: "In minor units: 1999 is 19.99 euros.", examples: [1999] }),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, "expected an ISO 4217 code such as EUR")
    .meta({ description: "An ISO 4217 code.", examples: ["EUR"] }),
});
export type Money = z.infer<typeof Money>;
