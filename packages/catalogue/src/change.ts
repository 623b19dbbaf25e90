/** What changed between two schemas of one version, and whether a version may change that way. */
import { isDeepStrictEqual } from "node:util";
import {
  annotations,
  isObject,
  type JsonSchema,
  opennessOf,
  propertiesOf,
  requiredOf,
  resolve,
} from "./json-schema.ts";
import { acceptTheSame, isProbed } from "./text-format.ts";

export interface Change {
  /** Such as `data.lines[].sku`. */
  path: string;
  /** An addition may be recorded, an annotation may change; anything else breaks somebody. */
  kind: "breaking" | "addition" | "annotation";
  rule: string;
}

interface Comparison {
  roots: { was: JsonSchema; is: JsonSchema };
  changes: Change[];
  /** Pairs that are compared already: schemas may refer to themselves. */
  seen: Map<unknown, Set<unknown>>;
}

interface Pair {
  path: string;
  was: JsonSchema;
  is: JsonSchema;
  /** Whether an object may take optional fields here without being mistaken for another alternative. */
  mayGrow: boolean;
}

/** Keywords that are compared by what they mean; all others must be equal. */
const understood = new Set([
  ...["$ref", "$defs", "type", "enum", "const", "format", "pattern"],
  ...["properties", "required", "additionalProperties", "propertyNames"],
  ...["items", "prefixItems", "anyOf", "oneOf", "allOf"],
]);

/** Compares what a version was with what it is; `path` names the whole. Order of keys and `$ref`s make no difference. */
export function changesBetween(was: JsonSchema, is: JsonSchema, path: string): Change[] {
  const comparison: Comparison = { roots: { was, is }, changes: [], seen: new Map() };
  compare(comparison, { path, mayGrow: true }, was, is);
  return comparison.changes;
}

function compare(comparison: Comparison, { path, mayGrow }: Pick<Pair, "path" | "mayGrow">, was: unknown, is: unknown) {
  const { roots, seen } = comparison;
  if (was === undefined && is === undefined) return;
  if (isObject(was) && isObject(is)) {
    const others = seen.get(was) ?? new Set();
    if (others.has(is)) return;
    seen.set(was, others.add(is));
  }
  const pair: Pair = { path, mayGrow, was: resolve(was, roots.was), is: resolve(is, roots.is) };
  // What a field of another type may hold is no news any more.
  if (!compareType(comparison, pair)) return;
  compareEnum(comparison, pair);
  compareText(comparison, pair);
  compareFields(comparison, pair);
  compareOtherFields(comparison, pair);
  compareList(comparison, pair);
  compareAlternatives(comparison, pair);
  compareConstraints(comparison, pair);
}

function breaking({ changes }: Comparison, path: string, rule: string): void {
  changes.push({ path, kind: "breaking", rule });
}

function typesOf({ type }: JsonSchema): string[] {
  return [type ?? "anything"].flat().map(String).sort();
}

function compareType(comparison: Comparison, { path, was, is }: Pair): boolean {
  const [before, after] = [typesOf(was).join(" or "), typesOf(is).join(" or ")];
  if (before !== after) breaking(comparison, path, `type changed from ${before} to ${after}`);
  return before === after;
}

function compareEnum(comparison: Comparison, { path, was, is }: Pair): void {
  const [before, after] = [valuesOf(was), valuesOf(is)];
  if (!before || !after) {
    if (before) breaking(comparison, path, `enum removed: ${[...before].join(", ")}`);
    if (after) breaking(comparison, path, `enum added: ${[...after].join(", ")}`);
    return;
  }
  for (const value of before) if (!after.has(value)) breaking(comparison, path, `enum value removed: ${value}`);
  for (const value of after) if (!before.has(value)) breaking(comparison, path, `enum value added: ${value}`);
}

function valuesOf(schema: JsonSchema): Set<string> | undefined {
  return Array.isArray(schema.enum) ? new Set(schema.enum.map((value) => JSON.stringify(value))) : undefined;
}

/** A format stands for the pattern beside it, which may be spelled anew as long as it accepts the same. */
function compareText(comparison: Comparison, pair: Pair): void {
  const { path, was, is } = pair;
  compareKeyword(comparison, pair, "format");
  if (was.format !== is.format || !isProbed(was.format)) {
    compareKeyword(comparison, pair, "pattern");
  } else if (!acceptTheSame(was.format, was.pattern, is.pattern)) {
    breaking(comparison, path, `constraint changed: other texts of format ${was.format} are accepted than before`);
  }
}

function compareFields(comparison: Comparison, { path, was, is, mayGrow }: Pair): void {
  const [before, after] = [propertiesOf(was), propertiesOf(is)];
  const required = { was: requiredOf(was), is: requiredOf(is) };
  for (const name of new Set([...Object.keys(before), ...Object.keys(after), ...required.was, ...required.is])) {
    const field = `${path}.${name}`;
    if (!Object.hasOwn(after, name) && Object.hasOwn(before, name)) breaking(comparison, field, "field removed");
    else if (!Object.hasOwn(before, name) && Object.hasOwn(after, name)) {
      if (required.is.has(name)) breaking(comparison, field, "required field added");
      else if (opennessOf(was, comparison.roots.was) !== "open") breaking(comparison, field, "closed object extended");
      else if (!mayGrow) breaking(comparison, field, "field added where alternatives are told apart by their fields");
      else comparison.changes.push({ path: field, kind: "addition", rule: "optional field added" });
    } else {
      if (required.is.has(name) && !required.was.has(name)) breaking(comparison, field, "optional field made required");
      if (required.was.has(name) && !required.is.has(name)) breaking(comparison, field, "required field made optional");
      compare(comparison, { path: field, mayGrow: true }, before[name], after[name]);
    }
  }
}

function compareOtherFields(comparison: Comparison, { path, was, is }: Pair): void {
  const { roots } = comparison;
  const [before, after] = [opennessOf(was, roots.was), opennessOf(is, roots.is)];
  if (before !== after) {
    const names = { open: "an open", closed: "a closed", "of one kind": "a map-like" };
    breaking(comparison, path, `${names[before]} object became ${names[after]} one`);
  } else if (before === "of one kind") {
    const values = { path: `${path}.*`, mayGrow: true };
    compare(comparison, values, was.additionalProperties, is.additionalProperties);
  }
  compare(comparison, { path: `${path}.* (name)`, mayGrow: true }, was.propertyNames, is.propertyNames);
}

function compareList(comparison: Comparison, { path, was, is }: Pair): void {
  compare(comparison, { path: `${path}[]`, mayGrow: true }, was.items, is.items);
  const [before, after] = [listOf(was.prefixItems), listOf(is.prefixItems)];
  if (before.length !== after.length) {
    breaking(comparison, path, `tuple of ${before.length} became a tuple of ${after.length}`);
    return;
  }
  before.forEach((item, index) => {
    compare(comparison, { path: `${path}[${index}]`, mayGrow: true }, item, after[index]);
  });
}

function compareAlternatives(comparison: Comparison, { path, was, is, mayGrow }: Pair): void {
  for (const keyword of ["anyOf", "oneOf", "allOf"] as const) {
    const [before, after] = [listOf(was[keyword]), listOf(is[keyword])];
    if (before.length !== after.length) {
      breaking(comparison, path, `${keyword} changed from ${before.length} to ${after.length} schemas`);
      continue;
    }
    const mayTheyGrow = mayGrow && (keyword === "allOf" || areToldApart(before, comparison.roots.was));
    before.forEach((schema, index) => {
      const place = keyword === "allOf" ? path : `${path} (${keyword} ${index + 1})`;
      compare(comparison, { path: place, mayGrow: mayTheyGrow }, schema, after[index]);
    });
  }
}

/** By type, as what may be null is, or by a field that each requires with values of its own. */
function areToldApart(schemas: unknown[], root: JsonSchema): boolean {
  const objects = schemas.map((schema) => resolve(schema, root)).filter((schema) => typesOf(schema).includes("object"));
  const unknownType = schemas.some((schema) => typesOf(resolve(schema, root)).includes("anything"));
  if (unknownType) return false;
  if (objects.length < 2) return true;
  return [...requiredOf(objects[0]!)].some((name) => {
    const values = objects.map((object) =>
      requiredOf(object).has(name) ? valuesOf(resolve(propertiesOf(object)[name], root)) : undefined,
    );
    const all = values.flatMap((each) => [...(each ?? [])]);
    return values.every((each) => each !== undefined) && new Set(all).size === all.length;
  });
}

function compareConstraints(comparison: Comparison, pair: Pair): void {
  for (const keyword of new Set([...Object.keys(pair.was), ...Object.keys(pair.is)])) {
    if (!understood.has(keyword)) compareKeyword(comparison, pair, keyword);
  }
}

function compareKeyword(comparison: Comparison, { path, was, is }: Pair, keyword: string): void {
  const [before, after] = [was[keyword], is[keyword]];
  if (isDeepStrictEqual(before, after)) return;
  const changed =
    before === undefined
      ? `${keyword} ${show(after)} added`
      : after === undefined
        ? `${keyword} ${show(before)} removed`
        : `${keyword} changed from ${show(before)} to ${show(after)}`;
  if (annotations.has(keyword)) comparison.changes.push({ path, kind: "annotation", rule: changed });
  else breaking(comparison, path, `constraint changed: ${changed}`);
}

function show(value: unknown): string {
  return JSON.stringify(value);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
