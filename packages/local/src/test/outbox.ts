/** Invariant 5 of docs/architecture.md: what the tables hold against what the bus took. */
import { Order } from "@cartwright/core/order";
import { withPrefix } from "@cartwright/events";
import { expect } from "vitest";
import { archived, entityOf, type Item, madeUp, stateOf } from "./checkout.ts";
import type { System } from "./system.ts";

interface Aggregate {
  /** As its events name it. */
  subject(item: Item): string;
  /** How many of its first versions tell nobody: each later one is the sequence of an event. */
  silent?(item: Item): number;
}

const aggregates: Record<string, Aggregate> = {
  user: { subject: (item) => text(item, "userId") },
  product: { subject: (item) => text(item, "sku") },
  movement: { subject: (item) => text(item, "movementId") },
  stock: { subject: (item) => `stock:${text(item, "sku")}` },
  reservation: {
    subject: (item) => withPrefix("rsv", text(item, "orderId")),
    // One that was released before it was made holds nothing, and never did.
    silent: (item) => (item.holds?.L?.length === 0 ? 1 : 0),
  },
  order: { subject: (item) => text(item, "orderId") },
  // It begins as an intent, or is voided before it begins.
  payment: { subject: (item) => withPrefix("pay", text(item, "orderId")), silent: () => 1 },
  notification: { subject: (item) => `${text(item, "provider")}:${text(item, "notificationId")}` },
};

type Sequences = Record<string, number[]>;

/** By the versions of the items: an event exists for each change that was committed, and for no other. */
function committed(state: Map<string, Item>): Sequences {
  const items = [...state.values()].filter(({ version }) => version !== undefined);
  return Object.fromEntries(
    items.flatMap((item) => {
      const aggregate = aggregates[entityOf(item) ?? ""];
      if (!aggregate) throw new Error(`say what the subject of ${entityOf(item)} is`);
      const silent = aggregate.silent?.(item) ?? 0;
      const told = Array.from({ length: Number(item.version!.N) - silent }, (_, index) => silent + index + 1);
      return told.length > 0 ? [[aggregate.subject(item), told]] : [];
    }),
  );
}

/** What the bus took, counting once what was published twice. */
function published(system: System): Sequences {
  const events = archived(system).map(({ detail }) => detail as { id: string; subject: string; sequence: number });
  const sequences: Sequences = {};
  for (const { subject, sequence } of new Map(events.map((event) => [event.id, event])).values()) {
    if (subject === madeUp) continue;
    sequences[subject] = [...(sequences[subject] ?? []), sequence].sort((one, other) => one - other);
  }
  return sequences;
}

/** Of all that was ever committed, each event has reached the bus, and the bus knows no other. Answers what the tables hold. */
export async function expectNothingLost(system: System): Promise<Map<string, Item>> {
  const state = await stateOf(system);
  expect(published(system)).toEqual(committed(state));
  return state;
}

type Status = keyof typeof Order.transitions;

const statuses: Record<string, Status> = {
  "order.placed": "pending",
  "order.confirmed": "confirmed",
  "order.cancelled": "cancelled",
};

/** The last parcel makes an order fulfilled, and the last return returned. */
const lastOf: Record<string, Status> = { "order.fulfilled": "fulfilled", "order.returned": "returned" };

/** What an event makes of an order's status. */
function statusAfter(name: string, data: unknown): Status | undefined {
  return (data as { complete?: boolean }).complete ? lastOf[name] : statuses[name];
}

/** Invariant 7: every order's events tell of allowed transitions alone, from the first to the last. */
export function expectAllowedEdges(system: System): void {
  const moves = new Map<string, { sequence: number; status: Status }[]>();
  for (const { "detail-type": name, detail } of archived(system)) {
    const [subject, status] = [String(detail.subject), statusAfter(name, detail.data)];
    if (subject === madeUp || !status) continue;
    moves.set(subject, [...(moves.get(subject) ?? []), { sequence: Number(detail.sequence), status }]);
  }
  expect(moves.size).toBeGreaterThan(0);
  for (const [orderId, moved] of moves) {
    const ordered = [...new Map(moved.map((move) => [move.sequence, move.status])).entries()].sort(([a], [b]) => a - b);
    const told = ordered.map(([, status]) => status);
    expect(told[0], orderId).toBe("pending");
    for (const [index, status] of told.slice(1).entries()) {
      expect(Order.transitions[told[index]!], orderId).toContain(status);
    }
  }
}

function text(item: Item, attribute: string): string {
  return item[attribute]!.S!;
}
