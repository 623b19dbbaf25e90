import type { Envelope } from "./envelope.ts";
import { type AnyDefinition, type EventName, type EventNamed, registry } from "./registry.ts";

/** The names of the events that tell of an order: their data names it. */
export type OrderEventName = {
  [Name in EventName]: EventNamed<Name>["data"] extends { orderId: string } ? Name : never;
}[EventName];

/** An event of which only the order it tells of is known. */
export type OrderEvent = Envelope<{ orderId: string }>;

/** Every event that tells of an order, whichever domain it comes from. */
export const orderEvents: readonly AnyDefinition[] = [...registry.values()].filter(
  ({ schema }) => "orderId" in schema.shape,
);
