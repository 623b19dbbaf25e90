import * as z from "zod";
import { Text } from "./text.ts";

/** Where goods are sent to. */
export const Address = z.strictObject({
  name: Text(100),
  line1: Text(200),
  line2: Text(200).optional(),
  city: Text(100),
  postalCode: Text(20),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, "expected an ISO 3166 code such as DE")
    .describe("An ISO 3166 code such as DE."),
});
export type Address = z.infer<typeof Address>;
