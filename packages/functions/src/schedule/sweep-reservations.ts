import { Inventory } from "@cartwright/core/inventory";
import { tell } from "../work.ts";
import { scheduled } from "./scheduled.ts";

/** Gives back what checkouts have held for too long. */
export const handler = scheduled("SweepReservations", async (cause): Promise<{ expired: number }> => {
  const expired = await Inventory.expireReservations(cause);
  tell({ count: expired });
  return { expired };
});
