import { User } from "@cartwright/core/user";
import { tell } from "../work.ts";
import { scheduled } from "./scheduled.ts";

/** Deletes accounts that nobody has confirmed in two days. What it has no time for is for the next day. */
export const handler = scheduled("SweepAccounts", async (cause) => {
  const swept = await User.sweepAccounts(cause);
  tell({ count: swept.deleted, outcome: swept.isComplete ? "done" : "out of time" });
  return swept;
});
