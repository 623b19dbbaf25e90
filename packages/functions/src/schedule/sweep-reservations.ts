import { Inventory } from "@cartwright/core/inventory";
import { newId } from "@cartwright/events";
import { log } from "../log.ts";

/** Gives back what checkouts have held for too long. */
export async function handler(): Promise<{ expired: number }> {
  const correlationId = newId("req");
  const expired = await Inventory.expireReservations({ correlationId });
  log("reservations expired", { correlationId, count: expired });
  return { expired };
}
