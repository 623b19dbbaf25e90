/** Part of `npm run openapi`: writes the client's types of the API, or with `--check` says whether they are stale. */
import { readFileSync, writeFileSync } from "node:fs";
import { apiOf, type Document } from "./api.ts";

const documentPath = process.argv.slice(2).find((argument) => !argument.startsWith("--"));
const from = documentPath ?? "packages/functions/openapi.json";
const to = "packages/client/src/api.ts";

const made = await apiOf(JSON.parse(readFileSync(from, "utf8")) as Document);

if (!process.argv.includes("--check")) {
  writeFileSync(to, made);
  console.log(`wrote ${to}`);
} else if (readFileSync(to, "utf8") !== made) {
  console.error(`${to} is stale: run npm run openapi and commit what it writes`);
  process.exit(1);
} else {
  console.log(`${to} is what ${from} says`);
}
