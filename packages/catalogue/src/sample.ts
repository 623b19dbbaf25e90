/** One complete event of a version, made from its schema once; from then on the committed file counts. */
import { deriveId, type Envelope, type EventDefinition } from "@cartwright/events";
import { CatalogueError } from "./fail.ts";
import { isObject, type JsonSchema, propertiesOf, resolve } from "./json-schema.ts";

/** Of every sample, so that an order and its payment share it as they do in life. */
const ulid = "01JD9XQ4M8T2V6B0ZK3N5R7WYC";
const time = "2026-11-22T10:30:00.000Z";

const texts: Record<string, string> = {
  "date-time": "2026-11-22T10:45:00.000Z",
  date: "2026-11-22",
  time: "10:45:00",
  duration: "PT15M",
  email: "ada@example.com",
  uuid: "9b2f6a1e-1f6b-4c2d-8e3f-0a1b2c3d4e5f",
  uri: "https://example.com/",
};

export function sampleOf({ name, source }: EventDefinition, version: number, schema: JsonSchema): Envelope {
  const data = exampleOf(schema, schema, { about: `${name} v${version}`, path: "data" }) as Envelope["data"];
  const [subject] = Object.values(data).filter((value) => typeof value === "string");
  return {
    id: deriveId("evt", name, String(version)),
    name,
    version,
    time,
    source,
    subject: subject ?? name,
    sequence: 1,
    correlationId: `req_${ulid}`,
    causationId: deriveId("evt", name, String(version), "cause"),
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    data,
  };
}

interface Place {
  about: string;
  path: string;
}

function exampleOf(schema: unknown, root: JsonSchema, place: Place): unknown {
  const node = resolve(schema, root);
  const [example] = [...listOf(node.examples), ...listOf(node.enum)];
  if (example !== undefined) return example;
  if (node.default !== undefined) return node.default;
  const [alternative] = [...listOf(node.anyOf), ...listOf(node.oneOf)];
  if (alternative !== undefined) return exampleOf(alternative, root, place);
  const all = listOf(node.allOf).map((part) => exampleOf(part, root, place));
  if (all.length > 0 && all.every(isObject)) return Object.assign({}, ...all);
  switch ([node.type].flat()[0]) {
    case "object":
      return Object.fromEntries(
        Object.entries(propertiesOf(node)).map(([name, field]) => [
          name,
          exampleOf(field, root, { ...place, path: `${place.path}.${name}` }),
        ]),
      );
    case "array":
      return listExample(node, root, place);
    case "integer":
    case "number":
      return numberExample(node);
    case "boolean":
      return false;
    case "null":
      return null;
    default:
      return textExample(node, place);
  }
}

function listExample(node: JsonSchema, root: JsonSchema, place: Place): unknown[] {
  const first = listOf(node.prefixItems).map((item, index) =>
    exampleOf(item, root, { ...place, path: `${place.path}[${index}]` }),
  );
  const length = Math.max(Number(node.minItems ?? 1), first.length);
  const item = { ...place, path: `${place.path}[]` };
  return [...first, ...Array.from({ length: length - first.length }, () => exampleOf(node.items, root, item))];
}

function numberExample({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: JsonSchema): number {
  const lowest = Math.max(Number(minimum ?? -Infinity), Number(exclusiveMinimum ?? -Infinity) + 1);
  const highest = Math.min(Number(maximum ?? Infinity), Number(exclusiveMaximum ?? Infinity) - 1);
  return Math.max(lowest, Math.min(highest, 1));
}

function textExample({ format, pattern, type }: JsonSchema, { about, path }: Place): string {
  const accepts = new RegExp(typeof pattern === "string" ? pattern : "");
  const prefix = /^\^([a-z]+)_/.exec(String(pattern ?? ""))?.[1];
  const candidate = texts[String(format)] ?? (prefix && `${prefix}_${ulid}`);
  if (candidate !== undefined && accepts.test(candidate)) return candidate;
  throw new CatalogueError(
    `${about}: ${path} needs an example of ${type ?? "what it holds"}, which its sample will show: .meta({ examples: ["…"] })`,
  );
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
