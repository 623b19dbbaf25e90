import { User } from "@cartwright/core/user";
import { UserErased } from "@cartwright/events";
import { react } from "./react.ts";

/** Nobody signs in any more as one who has closed their account. */
export const handler = react("DeleteAccount", {
  [UserErased.name]: (event) => User.deleteAccount(event.data.userId),
});
