import { idSchema } from "@cartwright/events";
import * as z from "zod";

/** Who calls, from a verified token and nothing else. */
export const Actor = z.object({
  userId: idSchema("usr"),
  roles: z.array(z.enum(["customer", "staff"])),
});
export type Actor = z.infer<typeof Actor>;
