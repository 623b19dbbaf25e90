/** What the definitions in the code promise: the JSON Schema of every version of every event. */
import { Envelope, type EventDefinition, registry, schemaOf } from "@cartwright/events";
import * as z from "zod";
import { CatalogueError } from "./fail.ts";
import type { JsonSchema } from "./json-schema.ts";
import { isProbed } from "./text-format.ts";
import { unsayableIn } from "./unsayable.ts";

export interface Definitions {
  events: ReadonlyMap<string, EventDefinition>;
  envelope: z.ZodType;
}

/** What the code defines today. */
export const definitions: Definitions = { events: registry, envelope: Envelope };

/** One version of one event as the code defines it. */
export interface DefinedVersion {
  definition: EventDefinition;
  version: number;
  schema: JsonSchema;
}

export function definedVersions({ events }: Definitions): DefinedVersion[] {
  return [...events.values()]
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((definition) =>
      Array.from({ length: definition.version }, (_, index) => {
        const version = index + 1;
        const title = `${definition.name} v${version}`;
        return { definition, version, schema: contractOf(schemaOf(definition, version), title, "data") };
      }),
    );
}

export function envelopeContract({ envelope }: Definitions): JsonSchema {
  return contractOf(envelope, "envelope", "envelope");
}

/**
 * What consumers accept, which is what a published event may hold: objects are open to fields that a later addition
 * brings, and a field with a default is optional, since earlier events lack it. What is published is the output of the
 * same schema, so a schema that turns its input into something else is refused, as is all that no contract would hold.
 */
function contractOf(schema: z.ZodType, title: string, path: string): JsonSchema {
  const unsayable = unsayableIn(schema, path).map((each) => `${each.what} at ${each.path}`);
  if (unsayable.length > 0) {
    throw new CatalogueError(
      `${title}: an event's schema may hold only what JSON Schema can say, and not ${unsayable.join(", nor ")}`,
    );
  }
  const accepted = toJsonSchema(schema, title);
  if (accepted.type !== "object") throw new CatalogueError(`${title}: the data of an event must be an object`);
  const { $schema, ...rest } = accepted;
  return { $schema, title, ...rest };
}

function toJsonSchema(schema: z.ZodType, title: string): JsonSchema {
  const override = ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }) => keepKnownFormat(jsonSchema);
  try {
    return z.toJSONSchema(schema, { io: "input", override }) as JsonSchema;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new CatalogueError(`${title}: the data of an event must be plain JSON: ${reason}`, { cause });
  }
}

/** Zod has formats that nobody else knows, such as `starts_with`; the pattern beside them says it all. */
function keepKnownFormat(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.pattern !== undefined && !isProbed(schema.format)) delete schema.format;
}
