import type { EventDefinition, EventOf } from "./definition.ts";
import * as inventory from "./inventory.ts";
import * as order from "./order.ts";
import * as payment from "./payment.ts";
import * as user from "./user.ts";

const domains = { ...user, ...inventory, ...order, ...payment };

type Exported = (typeof domains)[keyof typeof domains];

/** Every event that exists. */
export type AnyDefinition = Extract<Exported, EventDefinition>;
export type EventName = AnyDefinition["name"];
export type EventNamed<Name extends EventName> = EventOf<Extract<AnyDefinition, { name: Name }>>;

const isDefinition = (value: unknown): value is AnyDefinition =>
  typeof value === "object" && value !== null && "source" in value && "schema" in value;

/** Every event that exists, by name. */
export const registry: ReadonlyMap<string, AnyDefinition> = new Map(
  Object.values(domains)
    .filter(isDefinition)
    .map((definition) => [definition.name, definition]),
);
