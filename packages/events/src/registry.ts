import type { EventDefinition } from "./envelope.ts";
import * as inventory from "./inventory.ts";
import * as order from "./order.ts";
import * as payment from "./payment.ts";
import * as user from "./user.ts";

const isDefinition = (value: unknown): value is EventDefinition =>
  typeof value === "object" && value !== null && "source" in value && "schema" in value;

/** Every event that exists, by name. */
export const registry: ReadonlyMap<string, EventDefinition> = new Map(
  [user, inventory, order, payment]
    .flatMap((domain) => Object.values(domain))
    .filter(isDefinition)
    .map((definition) => [definition.name, definition]),
);
