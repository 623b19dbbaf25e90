/** The committed contract: one folder per event, with a schema and a sample for each version. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { CatalogueError } from "./fail.ts";
import { isObject, type JsonSchema } from "./json-schema.ts";

export interface CommittedVersion {
  name: string;
  version: number;
  schema?: JsonSchema;
  sample?: unknown;
}

export interface Committed {
  envelope?: JsonSchema;
  versions: CommittedVersion[];
}

export const envelopeFile = "envelope.schema.json";

export function fileOf(name: string, version: number, kind: "schema" | "sample"): string {
  return path.join(name, `v${version}.${kind}.json`);
}

/** Reads what is committed, in order of names and versions. An absent folder holds nothing. */
export async function readContract(folder: string): Promise<Committed> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(emptyWhenAbsent);
  const envelope = await readSchema(folder, envelopeFile);
  const foreign = entries.find((entry) => !entry.isDirectory() && !(entry.isFile() && entry.name === envelopeFile));
  if (foreign) throw new CatalogueError(`${path.join(folder, foreign.name)} is no part of a contract: remove it`);
  const events = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const versions: CommittedVersion[] = [];
  for (const name of events.sort()) {
    const files = await readdir(path.join(folder, name));
    const numbers = files.map((file) => Number(/^v([1-9]\d*)\.(schema|sample)\.json$/.exec(file)?.[1]));
    const stray = files.find((_, index) => Number.isNaN(numbers[index]));
    if (stray) throw new CatalogueError(`${path.join(folder, name, stray)} is no part of a contract: remove it`);
    for (const version of [...new Set(numbers)].sort((one, other) => one - other)) {
      const schema = await readSchema(folder, fileOf(name, version, "schema"));
      const sample = await readJson(folder, fileOf(name, version, "sample"));
      versions.push({ name, version, ...(schema && { schema }), ...(sample !== undefined && { sample }) });
    }
  }
  return { ...(envelope && { envelope }), versions };
}

export async function writeFiles(folder: string, files: Map<string, string>): Promise<void> {
  for (const [name, text] of files) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

export function toText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

async function readSchema(folder: string, name: string): Promise<JsonSchema | undefined> {
  const schema = await readJson(folder, name);
  if (schema === undefined || isObject(schema)) return schema;
  throw new CatalogueError(`${path.join(folder, name)} is no JSON Schema: restore it from Git`);
}

/** `undefined` when there is no such file. */
async function readJson(folder: string, name: string): Promise<unknown> {
  const file = path.join(folder, name);
  const text = await readFile(file, "utf8").catch(emptyWhenAbsent);
  if (typeof text !== "string") return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CatalogueError(`${file} is not JSON: restore it from Git (${cause})`, { cause });
  }
}

function emptyWhenAbsent(error: NodeJS.ErrnoException): [] {
  if (error.code === "ENOENT") return [];
  throw error;
}
