import type { users } from "@cartwright/functions";
import type { hc } from "hono/client";
import { answer, type Body } from "./call.ts";

type Api = ReturnType<typeof hc<typeof users>>;

export const userCalls = (api: Api) => ({
  register: (json: Body<Api["users"]["$post"]>) => answer(api.users.$post({ json })),
  signIn: (json: Body<Api["sessions"]["$post"]>) => answer(api.sessions.$post({ json })),
  me: () => answer(api.users.me.$get()),
});
