/**
 * `npm run usage -- <folder>` writes stacks/usage.json: which permissions the runs that were recorded in the folder used.
 * With `--check` it writes nothing, and fails when the committed file and the recordings differ.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { TopologyError } from "./fail.ts";
import { Topology } from "./model.ts";
import { stableJson } from "./stable-json.ts";
import { mergeUsage, Recording, Usage, usageDifferences } from "./usage.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const file = path.join(root, "stacks/usage.json");

try {
  const { values, positionals } = parseArgs({
    options: { check: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const [folder] = positionals;
  if (!folder) throw new TopologyError("Name the folder of the recordings: npm run usage -- .cartwright/usage");
  const recorded = await readUsage(folder);
  if (values.check) await check(recorded);
  else await writeFile(file, stableJson(recorded));
} catch (error) {
  console.error(error instanceof TopologyError ? error.message : error);
  process.exitCode = 1;
}

async function readUsage(folder: string): Promise<Usage> {
  const topology = Topology.parse(JSON.parse(await readFile(path.join(root, "stacks/topology.json"), "utf8")));
  const runs = await readdir(folder).catch((): string[] => []);
  const recordings = await Promise.all(
    runs.map(async (run) => Recording.parse(JSON.parse(await readFile(path.join(folder, run, "usage.json"), "utf8")))),
  );
  const usage = mergeUsage(recordings, topology);
  if (Object.keys(usage).length > 0) return usage;
  throw new TopologyError(`No run of ${topology.app} is recorded in ${folder}: npm test records there.`);
}

async function check(recorded: Usage): Promise<void> {
  const committed = Usage.parse(JSON.parse(await readFile(file, "utf8")));
  const lines = usageDifferences(committed, recorded);
  if (lines.length === 0) {
    console.log("stacks/usage.json names exactly the permissions that were used");
    return;
  }
  console.error("stacks/usage.json and the permissions that were used differ (+ was used, - was not):");
  for (const line of lines) console.error(`  ${line}`);
  process.exitCode = 1;
}
