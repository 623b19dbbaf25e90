/**
 * `npm run topology` records what the stacks declare in stacks/topology.json and sst-env.d.ts. With `-- --check` it
 * writes nothing, and fails when either is stale, when a function names a handler that does not exist, or when a stage of
 * any kind breaks a rule of packages/topology/src/rule.
 */
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { differences } from "./difference.ts";
import { distil } from "./distil.ts";
import { envTypes } from "./env-types.ts";
import { evaluate } from "./evaluate.ts";
import { isUsageError, TopologyError } from "./fail.ts";
import { handlerFaults } from "./handler.ts";
import type { Topology } from "./model.ts";
import { preparePlatform } from "./prepare.ts";
import { stableJson } from "./stable-json.ts";
import { gather, recordedFaults, secretlessFaults, type Trial, trialStages, tryStage } from "./trial.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const region = "eu-west-1";
const shownDifferences = 40;

const files = {
  topology: path.join(root, "stacks/topology.json"),
  envTypes: path.join(root, "sst-env.d.ts"),
};

try {
  const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
  const platform = await preparePlatform(root, (line) => console.log(line));
  const recorded = distil(await evaluate({ root, platform, stage: "local", region }));
  const faults = values.check ? await check({ root, platform, region, recorded }) : await write(recorded);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof TopologyError || isUsageError(error) ? error.message : error);
  process.exitCode = 1;
}

async function write(topology: Topology): Promise<string[]> {
  await writeFile(files.topology, stableJson(topology));
  await writeFile(files.envTypes, envTypes(topology.links));
  console.log(`wrote stacks/topology.json and sst-env.d.ts: ${summary(topology)}`);
  return [];
}

async function check(trial: Trial): Promise<string[]> {
  const { recorded } = trial;
  const byStage: Record<string, string[]> = Object.fromEntries(trialStages.map((stage) => [stage, []]));
  byStage[recorded.stage] = await recordedFaults(trial);
  const refusal: string[] = [];
  await atOnce([
    ...trialStages.map((stage) => async () => {
      byStage[stage] = await tryStage(trial, stage);
    }),
    async () => {
      refusal.push(...(await secretlessFaults(trial)));
    },
  ]);
  const handlers = await handlerFaults(root, recorded.functions);
  const faults = [...(await staleness(recorded)), ...handlers, ...gather(byStage), ...refusal];
  if (faults.length === 0) {
    console.log(`stacks/topology.json and sst-env.d.ts are up to date: ${summary(recorded)}`);
    console.log(`${Object.keys(byStage).join(", ")} keep the rules, and production is refused without its secrets`);
  }
  return faults;
}

/** As many at a time as there are cores: each takes one for some seconds. */
async function atOnce(works: (() => Promise<void>)[]): Promise<void> {
  const waiting = works.values();
  const work = async () => {
    for (const next of waiting) await next();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

async function staleness(topology: Topology): Promise<string[]> {
  const faults: string[] = [];
  const fresh = stableJson(topology);
  const committed = await readFile(files.topology, "utf8").catch(() => "");
  if (committed !== fresh) {
    faults.push("stacks/topology.json is stale: run npm run topology and commit the result. It differs in:");
    faults.push(...tellDifferences(committed, fresh).map((line) => `  ${line}`));
  }
  if ((await readFile(files.envTypes, "utf8").catch(() => "")) !== envTypes(topology.links)) {
    faults.push("sst-env.d.ts is stale: run npm run topology and commit the result");
  }
  return faults;
}

function tellDifferences(committed: string, fresh: string): string[] {
  const lines = differences(parseOrEmpty(committed), JSON.parse(fresh));
  if (lines.length === 0) return ["its layout alone"];
  const more = lines.length - shownDifferences;
  return more > 0 ? [...lines.slice(0, shownDifferences), `and ${more} more places`] : lines;
}

function parseOrEmpty(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function summary(topology: Topology): string {
  const counts = { tables: topology.tables, functions: topology.functions, queues: topology.queues };
  return Object.entries(counts)
    .map(([kind, things]) => `${Object.keys(things).length} ${kind}`)
    .join(", ");
}
