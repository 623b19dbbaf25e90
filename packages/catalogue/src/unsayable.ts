/** What Zod enforces or does and JSON Schema has no words for: a contract would not hold it, nor show its change. */
import type * as z from "zod";

export interface Unsayable {
  /** Such as `data.lines[].sku`. */
  path: string;
  /** Such as `a check by a function (refine, …)`. */
  what: string;
}

type Schema = z.core.$ZodType;
type Part = [path: string, schema: Schema];

/** Every place in a schema that says more than its JSON Schema would, in order. */
export function unsayableIn(schema: Schema, path: string, seen = new Set<Schema>()): Unsayable[] {
  // Schemas may hold themselves.
  if (seen.has(schema)) return [];
  seen.add(schema);
  const ofType = typeFaults(schema);
  const here = ofType.length > 0 ? ofType : checksOf(schema).flatMap(checkFaults);
  if (here.length > 0) return [...new Set(here)].map((what) => ({ path, what }));
  return partsOf(schema, path).flatMap(([place, part]) => unsayableIn(part, place, seen));
}

const convert = "a conversion (transform, preprocess, pipe, codec)";
const refused: Record<string, string> = {
  pipe: convert,
  transform: convert,
  catch: "a substitute for what is wrong (catch)",
  custom: "a check by a function (refine, superRefine, check, custom, instanceof)",
  overwrite: "a change of the value (trim, toLowerCase, normalize, overwrite)",
};

const leaves = new Set(["string", "number", "boolean", "null", "enum", "literal", "template_literal"]);
const anything = new Set(["any", "unknown", "never"]);
const compound = new Set(["object", "array", "tuple", "record", "union", "intersection", "lazy"]);
const wrappers = new Set(["optional", "nullable", "default", "prefault", "nonoptional", "readonly"]);
const types = new Set([...leaves, ...anything, ...compound, ...wrappers]);

function typeFaults({ _zod: { def } }: Schema): string[] {
  if (!types.has(def.type)) return [refused[def.type] ?? `the type ${def.type}`];
  return "coerce" in def && def.coerce ? ["a conversion of whatever comes (coerce)"] : [];
}

/** A format such as `z.email()` is a schema and its own first check. */
function checksOf(schema: Schema): Pick<z.core.$ZodCheck, "_zod">[] {
  const { def } = schema._zod;
  return [...("check" in def ? [schema as unknown as z.core.$ZodCheck] : []), ...(def.checks ?? [])];
}

const checks = new Set([
  ...["less_than", "greater_than", "multiple_of", "number_format", "string_format"],
  ...["min_length", "max_length", "length_equals"],
  // These only annotate.
  ...["describe", "meta"],
]);

function checkFaults({ _zod: { def } }: Pick<z.core.$ZodCheck, "_zod">): string[] {
  if (!checks.has(def.check)) return [refused[def.check] ?? `the check ${def.check}`];
  return def.check === "string_format" ? formatFaults(def as z.core.$ZodCheckStringFormatDef) : [];
}

/** A format is said by its name and its pattern, without the flags that JSON Schema does not know. */
function formatFaults(def: z.core.$ZodCheckStringFormatDef): string[] {
  const { format, pattern } = def;
  const options = ["hostname", "protocol", "normalize", "alg"].filter((option) => option in def);
  return [
    ...options.map((option) => `the option ${option} of ${format}`),
    ...("fn" in def && !pattern ? [`the format ${format}, which a function checks`] : []),
    ...(pattern && /[^u]/.test(pattern.flags) ? [`the flags of /${pattern.source}/${pattern.flags}`] : []),
  ];
}

/** The schemas that a schema is made of. */
function partsOf(schema: Schema, path: string): Part[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "object": {
      const fields = Object.entries(def.shape).map(([name, field]): Part => [`${path}.${name}`, field]);
      return [...fields, ...optional(`${path}.*`, def.catchall)];
    }
    case "array":
      return [[`${path}[]`, def.element]];
    case "tuple":
      return [...def.items.map((item, index): Part => [`${path}[${index}]`, item]), ...optional(`${path}[]`, def.rest)];
    case "record":
      return [
        [`${path}.* (name)`, def.keyType],
        [`${path}.*`, def.valueType],
      ];
    case "union":
      return def.options.map((option): Part => [path, option]);
    case "intersection":
      return [
        [path, def.left],
        [path, def.right],
      ];
    case "lazy":
      return [[path, (schema as z.core.$ZodLazy)._zod.innerType]];
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "nonoptional":
    case "readonly":
      return [[path, def.innerType]];
    default:
      return [];
  }
}

function optional(path: string, schema: Schema | null | undefined): Part[] {
  return schema ? [[path, schema]] : [];
}
