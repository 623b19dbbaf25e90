import { User } from "@cartwright/core/user";
import { newId } from "@cartwright/events";
import { log } from "../log.ts";

/** Deletes accounts that nobody has confirmed in two days. What it has no time for is for the next day. */
export async function handler(): Promise<{ deleted: number; isComplete: boolean }> {
  const correlationId = newId("req");
  const swept = await User.sweepAccounts({ correlationId });
  const outcome = swept.isComplete ? "complete" : "out of time";
  log("unconfirmed accounts deleted", { correlationId, count: swept.deleted, outcome });
  return swept;
}
