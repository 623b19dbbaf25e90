import * as z from "zod";
import { defineEvent } from "./envelope.ts";
import { idSchema } from "./id.ts";

export const UserRegistered = defineEvent("user", "user.registered", 1, z.object({ userId: idSchema("usr") }));
