/** How reservations are read and changed: each change is one transaction with the stock that it moves. */
import { type Cause, withPrefix } from "@cartwright/events";
import { applied, reaching } from "../../aws-fault.ts";
import { now } from "../../clock.ts";
import { ContentionError, UnavailableError } from "../../error.ts";
import { type Fact, record } from "../../outbox.ts";
import { note } from "../../spent.ts";
import type { Transitions } from "../../transition.ts";
import { inventory, type ReservationItem, type Transaction, type Write } from "./stock.entity.ts";
import { transact } from "./transaction.ts";

/** What becomes of a reservation. Each ends once; one that has expired may be taken again for an order that stands. */
export const transitions = {
  held: ["committed", "released", "expired"],
  committed: ["released"],
  expired: ["committed", "released"],
  released: [],
  refused: [],
} as const satisfies Transitions<ReservationItem["status"]>;

export interface Step {
  set: Partial<Pick<ReservationItem, "status" | "holds" | "done">>;
  facts: Fact[];
  /** Whether the sweep need not look at it any more. */
  isSwept?: boolean;
  /** Of the stock. */
  writes?(entities: Transaction): Write[];
  /** Whether a write of the stock may find that somebody was faster: then nothing happens. */
  mayMiss?: boolean;
}

const maximumAttempts = 10;

export async function read(orderId: string): Promise<ReservationItem | undefined> {
  const get = inventory().entities.reservations.get({ orderId }).go({ consistent: true });
  const { data } = await reaching("stock", get);
  return data ?? undefined;
}

/** What a new reservation has, or one that has become a later version. Without facts it tells nobody. */
export function recordReservation(orderId: string, version: number, cause: Cause, facts: Fact[]) {
  return record(withPrefix("rsv", orderId), version, now(), cause, facts);
}

/**
 * Decides by what the reservation is, and writes on condition that it still is; decides anew when it is not. `undefined`
 * ends it. Answers what it is then. Throws `ContentionError`.
 */
export async function change(
  orderId: string,
  cause: Cause,
  decide: (reservation: ReservationItem | undefined) => Step | undefined,
): Promise<ReservationItem | undefined> {
  for (let attempt = 0; attempt < maximumAttempts; attempt++) {
    const reservation = await read(orderId);
    const step = decide(reservation);
    if (!reservation || !step) {
      note({ idempotency: "unchanged" });
      return reservation;
    }
    const next = { ...step.set, ...recordReservation(orderId, reservation.version, cause, step.facts) };
    const outcome = await write(reservation, next, step);
    if (outcome === "done") return { ...reservation, ...next };
    if (outcome === "missed") return reservation;
  }
  throw new ContentionError(`the stock of ${orderId}`);
}

type Next = Step["set"] & { version: number; outbox: string };

/** Whether it was written, somebody has changed the reservation since, or was faster with the stock. */
async function write(
  { orderId, version: expected }: ReservationItem,
  next: Next,
  { isSwept = false, writes, mayMiss }: Step,
): Promise<"done" | "changed" | "missed"> {
  const removed: "sweep"[] = isSwept ? ["sweep"] : [];
  const { reservations } = inventory().entities;
  // Alone, a write costs half of what it does in a transaction.
  if (!writes) {
    const patch = reservations.patch({ orderId }).set(next).remove(removed);
    const isDone = await applied("stock", patch.where(({ version }, { eq }) => eq(version, expected)).go());
    if (isDone) note({ idempotency: "new" });
    return isDone ? "done" : "changed";
  }
  const written = await transact(`the stock of ${orderId}`, (entities) => {
    const patch = entities.reservations.patch({ orderId }).set(next).remove(removed);
    return [patch.where(({ version }, { eq }) => eq(version, expected)).commit(), ...writes(entities)];
  });
  if (written.isDone) return "done";
  if (written.isRefused(0)) return "changed";
  if (mayMiss) return "missed";
  throw new UnavailableError(`the stock of ${orderId} could not be changed`);
}
