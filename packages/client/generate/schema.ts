import { compile } from "json-schema-to-typescript";
import type { JsonSchema } from "./openapi.ts";

/** The declaration of a type. What the schema refers to keeps its name, and is declared by itself. */
export async function typeOf(name: string, schema: JsonSchema): Promise<string> {
  const declared = await compile(plain(schema), name, {
    additionalProperties: false,
    bannerComment: "",
    format: false,
  });
  return declared.trim();
}

/** As `typeOf`, as an expression to write into another type. */
export async function inlineTypeOf(schema: JsonSchema): Promise<string> {
  const reference = nameIn(schema);
  if (reference) return reference;
  const holder = { type: "object", properties: { it: schema }, required: ["it"] };
  const declared = await typeOf("Holder", holder);
  const expression = /it: ([\s\S]*?);?\s*}\s*$/.exec(declared)?.[1];
  if (expression === undefined) throw new Error(`no type could be made of ${JSON.stringify(schema)}`);
  return expression;
}

export function nameIn({ $ref }: JsonSchema): string | undefined {
  return typeof $ref === "string" ? $ref.replace("#/components/schemas/", "") : undefined;
}

/** Says nothing in TypeScript, or something that is no use: an array of at most 50 would be a union of 50 tuples. */
const limits = new Set(["minItems", "maxItems", "pattern", "format", "examples", "propertyNames"]);

/** A reference is written as the name of its type, and so may have a description of its own. */
function plain(value: unknown): JsonSchema {
  return copied(value) as JsonSchema;
}

function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (typeof value !== "object" || value === null) return value;
  const schema = value as JsonSchema;
  const name = nameIn(schema);
  const { description, enum: names } = schema;
  if (name) return { tsType: name, ...(description !== undefined && { description }) };
  if (Array.isArray(names) && names.length > longestEnum)
    return { type: "string", ...(description !== undefined && { description }) };
  const kept = Object.entries(schema).filter(([key, told]) => !(limits.has(key) && isLimit(told)));
  return Object.fromEntries(kept.map(([key, told]) => [key, copied(told)]));
}

/** More is a list that grows with each release, such as that of events, and a union of it is no help. */
const longestEnum = 20;

/** A property may be called as a limit is, and then it is a schema. */
function isLimit(told: unknown): boolean {
  return typeof told !== "object" || Array.isArray(told) || (told as JsonSchema | null)?.type === "string";
}
