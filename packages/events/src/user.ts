import * as z from "zod";
import { eventsOf } from "./definition.ts";
import { idSchema } from "./id.ts";

const defineEvent = eventsOf("user");

export const UserRegistered = defineEvent(
  "user.registered",
  1,
  z.object({ userId: idSchema("usr") }).describe("Somebody has an account now, and may sign in."),
);
export const UserUpdated = defineEvent(
  "user.updated",
  1,
  z.object({ userId: idSchema("usr") }).describe("Somebody has changed their profile or their addresses."),
);
export const UserErased = defineEvent(
  "user.erased",
  1,
  z
    .object({ userId: idSchema("usr") })
    .describe("Somebody has closed their account: whoever keeps personal data of them erases it."),
);
