/** JSON Schemas of what routes take and answer, where a schema with a name is written once. */
import * as z from "zod";

export type JsonSchema = { [key: string]: unknown };

/** Of what is sent, or of what is answered: a field with a default is optional in one alone. */
export type Direction = "input" | "output";

export interface Components {
  schemas: Record<string, JsonSchema>;
  /** The schema, with references to components instead of those that have a name. */
  add(schema: z.ZodType, direction: Direction): JsonSchema;
}

/** Names are those that `z.globalRegistry` has as `id`. Throws when one name would stand for two schemas. */
export function createComponents(): Components {
  const schemas: Record<string, JsonSchema> = {};
  return {
    schemas,
    add(schema, direction) {
      const made = z.toJSONSchema(schema, { io: direction, unrepresentable: "any", override: plainly });
      const { $schema, $defs = {}, ...top } = made as JsonSchema & { $defs?: Record<string, JsonSchema> };
      for (const [name, definition] of Object.entries($defs)) define(schemas, name, rewritten(definition));
      const name = z.globalRegistry.get(schema)?.id;
      if (name === undefined || "$ref" in top) return rewritten(top);
      define(schemas, name, rewritten(top));
      return reference(name);
    },
  };
}

export function reference(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/**
 * Answers may get more fields one day, so whoever reads them must not refuse what they don't know; but for what is sent as
 * well, and refuses that. And the pattern that Zod makes of a format is for machines alone.
 */
function plainly({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: JsonSchema }): void {
  const isStrict = zodSchema instanceof z.ZodObject && zodSchema.def.catchall instanceof z.ZodNever;
  if (jsonSchema.additionalProperties === false && !isStrict) delete jsonSchema.additionalProperties;
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
}

function define(schemas: Record<string, JsonSchema>, name: string, schema: JsonSchema): void {
  const before = schemas[name];
  if (before && JSON.stringify(before) !== JSON.stringify(schema)) {
    throw new Error(
      `the name ${name} stands for two schemas: give the one that is sent and the one that is answered their own`,
    );
  }
  schemas[name] = schema;
}

/** Ids are names of components here, and not URIs. */
function rewritten(schema: JsonSchema): JsonSchema {
  const { id, ...rest } = schema;
  const text = JSON.stringify(rest).replaceAll('"#/$defs/', '"#/components/schemas/');
  return JSON.parse(text) as JsonSchema;
}
