/** The little that reading a JSON Schema of draft 2020-12 takes. */
import { isDeepStrictEqual } from "node:util";
import { CatalogueError } from "./fail.ts";

export type JsonSchema = Record<string, unknown>;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Says nothing of what is valid: such keywords may change at any time. */
export const annotations = new Set([
  ...["$schema", "$id", "$comment", "title", "description", "examples", "deprecated", "readOnly", "writeOnly"],
]);

/** A schema as an object that refers to nothing: `true` and `false` are spelled out, and `const` is an enum of one. */
export function resolve(schema: unknown, root: JsonSchema): JsonSchema {
  let node = spelledOut(schema);
  for (let hops = 0; typeof node.$ref === "string"; hops++) {
    if (hops === 100) throw new CatalogueError(`${node.$ref} refers to itself and nothing else`);
    const { $ref, ...beside } = node;
    node = { ...spelledOut(at(root, $ref)), ...beside };
  }
  if (!("const" in node)) return node;
  const { const: value, ...rest } = node;
  return { ...rest, enum: [value] };
}

function spelledOut(schema: unknown): JsonSchema {
  if (isObject(schema)) return schema;
  if (schema === false) return { not: {} };
  if (schema === undefined || schema === true) return {};
  throw new CatalogueError(`expected a JSON Schema, got ${JSON.stringify(schema)}`);
}

/** What a reference within a document points at. */
export function at(root: unknown, reference: string): unknown {
  const [document, pointer = ""] = reference.split("#");
  const names = pointer.split("/").slice(1);
  let found = root;
  for (const name of names) {
    const key = decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~");
    found = (found as Record<string, unknown> | undefined)?.[key];
  }
  if (document !== "" || found === undefined) throw new CatalogueError(`${reference} refers to nothing`);
  return found;
}

export function requiredOf(schema: JsonSchema): Set<string> {
  return new Set((schema.required as string[] | undefined) ?? []);
}

export function propertiesOf(schema: JsonSchema): Record<string, unknown> {
  return (schema.properties as Record<string, unknown> | undefined) ?? {};
}

/** Whether an object may hold fields that its schema does not name, may not, or may if their values fit a schema. */
export function opennessOf(schema: JsonSchema, root: JsonSchema): "open" | "closed" | "of one kind" {
  const others = resolve(schema.additionalProperties, root);
  if (isDeepStrictEqual(others, { not: {} })) return "closed";
  return Object.keys(others).every((keyword) => annotations.has(keyword)) ? "open" : "of one kind";
}
