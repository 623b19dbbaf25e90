/** What has happened to an order, for people to read: a projection of the events that tell of it. */
import { Money, type OrderEvent } from "@cartwright/events";
import * as z from "zod";
import { applied, reaching } from "../../aws-fault.ts";
import { note } from "../../spent.ts";
import { stepOf, textOf, undoes } from "./moment.ts";
import { type TimelineItem, timeline } from "./timeline.entity.ts";

export const Moment = z.object({
  at: z.iso.datetime(),
  event: z.string().describe("The event's name, such as `payment.declined`."),
  domain: z.string(),
  step: z
    .enum(["reserve", "authorize", "confirm", "capture", "abandon", "void", "release", "cancel"])
    .optional()
    .describe("The step of the checkout, or of its undo, that the event comes from."),
  undo: z.boolean(),
  text: z.string().describe("A sentence for people. Programs go by the other fields."),
  reason: z.string().optional(),
  amount: Money.optional(),
  eventId: z.string(),
  correlationId: z.string(),
  causationId: z.string().optional().describe("The event, or the provider's notification, that this follows from."),
  causedBy: z.string().optional().describe("The name of that event, when it is in the same list."),
});
export type Moment = z.infer<typeof Moment>;

export const Timeline = z.object({ items: z.array(Moment) });
export type Timeline = z.infer<typeof Timeline>;

/** What the timeline keeps of an event's data. Parsing drops everything else, such as the sealed token. */
const Kept = z
  .object({
    total: Money,
    amount: Money,
    lines: z.array(z.object({ quantity: z.number() })),
    reason: z.string(),
    step: z.string(),
    error: z.string(),
    trigger: z.string(),
    approved: z.boolean(),
  })
  .partial();

/** Longer texts would make an item cost a second write unit. */
const maximumCharacters = 64;

/** Takes an event into the timeline of its order. A second time, in any order of arrival, changes nothing. */
export async function addToTimeline(event: OrderEvent): Promise<void> {
  const isNew = await applied("the timeline", timeline().create(itemOf(event)).go());
  note({ idempotency: isNew ? "new" : "duplicate" });
}

/** The moments of an order's timeline, oldest first; of those at the same time, causes before their effects. */
export async function momentsOf(orderId: string): Promise<Moment[]> {
  const { data } = await reaching("the timeline", timeline().query.byOrder({ orderId }).go({ pages: "all" }));
  const names = new Map(data.map(({ eventId, event }) => [eventId, event]));
  return inOrder(data).map((item) => serialize(item, names));
}

/** What is stored about an event; it depends on the event alone. */
export function itemOf(event: OrderEvent): TimelineItem {
  const { amount, total = amount, lines, step, ...kept } = Kept.parse(event.data);
  const cut = (text: string) => text.slice(0, maximumCharacters);
  const optional = {
    causationId: event.causationId,
    amountMinor: total?.amount,
    currency: total?.currency,
    units: lines?.reduce((sum, { quantity }) => sum + quantity, 0),
    reason: kept.reason && cut(kept.reason),
    failedStep: step && cut(step),
    error: kept.error && cut(kept.error),
    trigger: kept.trigger && cut(kept.trigger),
    approved: kept.approved,
  };
  return {
    orderId: event.data.orderId,
    // One spelling of a time, so that texts sort as times do.
    at: new Date(event.time).toISOString(),
    subject: event.subject,
    sequence: event.sequence,
    eventId: event.id,
    event: event.name,
    domain: event.source.replace("cartwright.", ""),
    correlationId: event.correlationId,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

type Placed = Pick<TimelineItem, "at" | "subject" | "sequence" | "eventId" | "causationId">;

/** By time, then subject and sequence. What happened within one millisecond is told with causes before effects. */
export function inOrder<Item extends Placed>(items: readonly Item[]): Item[] {
  const remaining = [...items].sort(
    (a, b) =>
      compare(a.at, b.at) || compare(a.subject, b.subject) || a.sequence - b.sequence || compare(a.eventId, b.eventId),
  );
  const ordered: Item[] = [];
  while (remaining[0]) {
    const { at } = remaining[0];
    const tied = remaining.filter((item) => item.at === at);
    const ready = tied.findIndex((item) => !tied.some((other) => precedes(other, item)));
    // Events that name each other as their cause would leave none ready: then the first one goes.
    ordered.push(...remaining.splice(Math.max(0, ready), 1));
  }
  return ordered;
}

function precedes(other: Placed, item: Placed): boolean {
  return other.eventId === item.causationId || (other.subject === item.subject && other.sequence < item.sequence);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function serialize(item: TimelineItem, names: ReadonlyMap<string, string>): Moment {
  const { at, event, domain, eventId, correlationId, causationId, amountMinor, currency } = item;
  return Moment.parse({
    at,
    event,
    domain,
    step: stepOf(event),
    undo: undoes(event),
    text: textOf(item),
    reason: item.reason,
    amount: currency === undefined ? undefined : { amount: amountMinor, currency },
    eventId,
    correlationId,
    causationId,
    causedBy: causationId && names.get(causationId),
  });
}
