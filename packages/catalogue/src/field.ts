/** A schema as a list of its fields, in words for people. */
import { type JsonSchema, opennessOf, propertiesOf, requiredOf, resolve } from "./json-schema.ts";

export interface Field {
  /** Such as `lines[].sku`. */
  path: string;
  type: string;
  required: boolean;
  description: string;
}

export function fieldsOf(schema: JsonSchema): Field[] {
  return below(schema, { root: schema, path: "", within: [] });
}

interface Place {
  root: JsonSchema;
  path: string;
  /** Schemas that this place is inside of: one may hold itself. */
  within: unknown[];
}

function below(schema: unknown, { root, path, within }: Place): Field[] {
  if (within.includes(schema)) return [];
  const node = resolve(schema, root);
  const place = (more: string): Place => ({ root, path: `${path}${more}`, within: [...within, schema] });
  const required = requiredOf(node);
  const fields = Object.entries(propertiesOf(node)).flatMap(([name, field]) => {
    const at = path === "" ? name : `.${name}`;
    const { description } = resolve(field, root);
    const own = { path: `${path}${at}`, type: typeOf(field, root), required: required.has(name) };
    return [{ ...own, description: String(description ?? "") }, ...below(field, place(at))];
  });
  const alternatives = [node.anyOf, node.oneOf, node.allOf].flatMap((each) => (Array.isArray(each) ? each : []));
  return [
    ...fields,
    ...(node.items === undefined ? [] : below(node.items, place("[]"))),
    ...(opennessOf(node, root) === "of one kind" ? below(node.additionalProperties, place(".*")) : []),
    ...alternatives.flatMap((alternative) => below(alternative, place(""))),
  ];
}

function typeOf(schema: unknown, root: JsonSchema): string {
  const node = resolve(schema, root);
  if (Array.isArray(node.enum)) return node.enum.map((value) => `\`${JSON.stringify(value)}\``).join(" or ");
  const alternatives = [node.anyOf, node.oneOf].flatMap((each) => (Array.isArray(each) ? each : []));
  if (alternatives.length > 0) return [...new Set(alternatives.map((each) => typeOf(each, root)))].join(" or ");
  if (node.type === "array") {
    const limits = [node.minItems && `at least ${node.minItems}`, node.maxItems && `at most ${node.maxItems}`];
    return ["list", ...limits.filter(Boolean)].join(", ");
  }
  if (node.type === "string") return textOf(node);
  if (node.type === "integer" || node.type === "number") return [node.type, ...boundsOf(node)].join(" ");
  return [node.type ?? "anything"].flat().join(" or ");
}

const formats: Record<string, string> = { "date-time": "time, ISO 8601 in UTC", date: "date, ISO 8601" };

function textOf({ format, pattern, minLength, maxLength }: JsonSchema): string {
  if (format !== undefined) return formats[String(format)] ?? String(format);
  const prefix = /^\^([a-z]+_)\[0-7\]/.exec(String(pattern ?? ""))?.[1];
  if (prefix) return `id, \`${prefix}…\``;
  if (pattern !== undefined) return `string like \`/${pattern}/\``;
  const limits = [minLength && `at least ${minLength}`, maxLength && `at most ${maxLength}`].filter(Boolean);
  return limits.length > 0 ? `string of ${limits.join(", ")}` : "string";
}

/** What a number in JSON can't exceed anyhow needs no mention. */
function boundsOf({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: JsonSchema): string[] {
  const bounds: [string, unknown][] = [
    ["≥", minimum],
    [">", exclusiveMinimum],
    ["≤", maximum],
    ["<", exclusiveMaximum],
  ];
  return bounds
    .filter(([, bound]) => typeof bound === "number" && Math.abs(bound) < Number.MAX_SAFE_INTEGER)
    .map(([sign, bound]) => `${sign} ${bound}`);
}
