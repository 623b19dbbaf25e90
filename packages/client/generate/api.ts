/** Makes the client's `src/api.ts` of the API's description: types of what is sent and answered, and where it is sent to. */
import { execFileSync } from "node:child_process";
import type { Document } from "./openapi.ts";
import { operationsOf } from "./operation.ts";
import { typeOf } from "./schema.ts";

export type { Document } from "./openapi.ts";

/** The same text for the same document. */
export async function apiOf(document: Document): Promise<string> {
  const schemas = Object.entries(document.components.schemas);
  const named = await Promise.all(schemas.map(([name, schema]) => typeOf(name, schema)));
  return formatted([introduction, ...named, await operationsOf(document)].join("\n\n"));
}

const introduction = `// Made of packages/functions/openapi.json by npm run openapi: change the routes instead.

/** A part of a list. */
export interface Page<Item> {
  items: Item[];
  /** The \`cursor\` of the next page; absent on the last one. */
  nextCursor?: string;
}`;

/** As everything else in the repository is. */
function formatted(source: string): string {
  const biome = ["format", "--stdin-file-path=packages/client/src/api.ts"];
  return execFileSync("node_modules/.bin/biome", biome, { input: source, encoding: "utf8" });
}
