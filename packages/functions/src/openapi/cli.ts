/** `npm run openapi`: writes the API's description, or with `--check` says whether the committed one is stale. */
import { readFileSync, writeFileSync } from "node:fs";
import { describeApi, documentPath, textOf } from "./api.ts";

const made = textOf(describeApi());

if (!process.argv.includes("--check")) {
  writeFileSync(documentPath, made);
  console.log(`wrote ${documentPath}`);
} else if (readFileSync(documentPath, "utf8") !== made) {
  console.error(`${documentPath} is stale: run npm run openapi and commit what it writes`);
  process.exit(1);
} else {
  console.log(`${documentPath} is what the routes say`);
}
