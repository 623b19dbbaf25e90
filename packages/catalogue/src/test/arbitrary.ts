/** All that a JSON Schema allows, for fast-check: of the keywords that Zod writes. */
import * as fc from "fast-check";
import { type JsonSchema, opennessOf, propertiesOf, requiredOf, resolve } from "../json-schema.ts";

/** Open objects now and then hold a field that their schema does not know, as after a later addition. */
export function arbitraryOf(schema: unknown, root = schema as JsonSchema, depth = 0): fc.Arbitrary<unknown> {
  if (depth > 20) throw new Error("schemas that hold themselves are not generated");
  const node = resolve(schema, root);
  const inner = (part: unknown) => arbitraryOf(part, root, depth + 1);
  if (Array.isArray(node.enum)) return fc.constantFrom(...node.enum);
  const alternatives = [...listOf(node.anyOf), ...listOf(node.oneOf)];
  if (alternatives.length > 0) return fc.oneof(...alternatives.map(inner));
  const parts = listOf(node.allOf);
  if (parts.length > 0) return fc.tuple(...parts.map(inner)).map((values) => Object.assign({}, ...values));
  if (Array.isArray(node.type)) return fc.oneof(...node.type.map((type) => inner({ ...node, type })));
  switch (node.type) {
    case "object":
      return objectOf(node, root, inner);
    case "array":
      return listArbitrary(node, inner);
    case "string":
      return textOf(node);
    case "integer":
      return fc.integer(boundsOf(node, 1));
    case "number":
      return fc.double({ ...boundsOf(node, 0), noNaN: true, noDefaultInfinity: true });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case undefined:
      return fc.jsonValue();
    default:
      throw new Error(`nothing generates ${JSON.stringify(node)}`);
  }
}

function objectOf(node: JsonSchema, root: JsonSchema, inner: (part: unknown) => fc.Arbitrary<unknown>) {
  const fields = Object.entries(propertiesOf(node)).map(([name, field]) => [name, inner(field)] as const);
  const requiredKeys = [...requiredOf(node)];
  const named: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(fields);
  const openness = opennessOf(node, root);
  if (openness === "open") named.addedLater = fc.jsonValue();
  if (openness !== "of one kind") return fc.record(named, { requiredKeys });
  const others = fc.dictionary(fc.string({ minLength: 1 }), inner(node.additionalProperties));
  return fc.tuple(others, fc.record(named, { requiredKeys })).map(([rest, own]) => ({ ...rest, ...own }));
}

function listArbitrary(node: JsonSchema, inner: (part: unknown) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const first = listOf(node.prefixItems);
  if (first.length > 0) return fc.tuple(...first.map(inner));
  const [minLength, maxLength] = [Number(node.minItems ?? 0), Number(node.maxItems ?? Number(node.minItems ?? 0) + 5)];
  return fc.array(inner(node.items), { minLength, maxLength });
}

function textOf({ format, pattern, minLength = 0, maxLength }: JsonSchema): fc.Arbitrary<string> {
  if (format === "date-time") {
    const [min, max] = [new Date("0001-01-01T00:00:00Z"), new Date("9999-12-31T23:59:59Z")];
    return fc.date({ min, max, noInvalidDate: true }).map((date) => date.toISOString());
  }
  if (typeof pattern === "string") return fc.stringMatching(new RegExp(pattern));
  if (format === "uri") return fc.webUrl();
  if (format !== undefined) throw new Error(`nothing generates the format ${format}`);
  const shortest = { minLength: Number(minLength) };
  // JSON Schema counts code points and Zod counts UTF-16 units: they agree on ASCII.
  if (maxLength !== undefined) return fc.string({ unit: "binary-ascii", ...shortest, maxLength: Number(maxLength) });
  return fc.string({ unit: "binary", ...shortest });
}

function boundsOf(node: JsonSchema, step: number): { min?: number; max?: number } {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = node as Record<string, number | undefined>;
  const min = minimum ?? (exclusiveMinimum === undefined ? undefined : exclusiveMinimum + (step || Number.EPSILON));
  const max = maximum ?? (exclusiveMaximum === undefined ? undefined : exclusiveMaximum - (step || Number.EPSILON));
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
