import { idSchema } from "@cartwright/events";
import * as z from "zod";

/** Who calls, from a verified token and nothing else. A guest is the customer of one order, and of nothing else. */
export const Actor = z.object({
  userId: idSchema("usr"),
  roles: z.array(z.enum(["guest", "customer", "staff"])),
});
export type Actor = z.infer<typeof Actor>;
