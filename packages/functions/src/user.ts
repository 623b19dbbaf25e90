import { User } from "@cartwright/core/user";
import { signedIn } from "./http/auth.ts";
import { withETag } from "./http/reply.ts";
import { router } from "./http/router.ts";
import { serve } from "./http/serve.ts";
import { valid } from "./http/valid.ts";

export const users = router()
  .post("/users", valid("json", User.Credentials), async (c) => {
    const user = await User.register(c.req.valid("json"), c.get("cause"));
    c.header("Location", "/users/me");
    return c.json(user, 201);
  })
  .post("/sessions", valid("json", User.Credentials), async (c) => {
    return c.json(await User.signIn(c.req.valid("json"), c.get("cause")), 201);
  })
  .get("/users/me", signedIn(), async (c) => withETag(c, await User.fromID(c.get("actor").userId)));

export const handler = serve(users);
