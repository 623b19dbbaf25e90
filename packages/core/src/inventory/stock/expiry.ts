/** Holds whose time is over, and whose checkout has not given them back. */
import type { Cause } from "@cartwright/events";
import { createConversions } from "electrodb";
import { reaching } from "../../aws-fault.ts";
import { buckets } from "../../bucket.ts";
import { now } from "../../clock.ts";
import { keysIn } from "../../cursor.ts";
import { expire, sweepPart } from "./reservation.ts";
import { inventory } from "./stock.entity.ts";

/** The checkout itself gives back what it holds when its time is over; only what it leaves is for the sweep. */
export const graceMs = 5 * 60 * 1000;

/** In one run; the next one goes on. */
const maximumPerPart = 200;

/** Gives back every hold that is overdue. Answers how many there were; safe to repeat. One that fails is thrown at the end. */
export async function expireReservations(cause: Cause): Promise<number> {
  const overdue = new Date(now().getTime() - graceMs).toISOString();
  let expired = 0;
  const failures: unknown[] = [];
  for (let part = 0; part < buckets; part++) {
    for (const orderId of await overdueIn(sweepPart(part), overdue)) {
      try {
        if (await expire(orderId, cause)) expired++;
      } catch (error) {
        // The others are not to wait for it.
        failures.push(error);
      }
    }
  }
  if (failures.length > 0) throw failures[0];
  return expired;
}

async function overdueIn(sweep: string, before: string): Promise<string[]> {
  const { reservations } = inventory().entities;
  const query = reservations.query
    .byEnd({ sweep })
    .lt({ holdsUntil: before })
    .go({ data: "includeKeys", limit: maximumPerPart });
  const { data } = await reaching("stock", query);
  const { fromKeys } = createConversions(reservations).byAccessPattern.byOrder;
  return keysIn(data).map((keys) => fromKeys.toComposite<{ orderId: string }>(keys).orderId);
}
