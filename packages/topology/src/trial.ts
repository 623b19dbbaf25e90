/** Stages as they would be deployed, evaluated without being deployed. */
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { distil } from "./distil.ts";
import { evaluate } from "./evaluate.ts";
import type { Topology } from "./model.ts";
import type { Platform } from "./prepare.ts";
import { faultsOf, StageRow } from "./rule/index.ts";
import { usageIn } from "./rule/usage-in.ts";
import { Usage } from "./usage.ts";

/** One of each kind: a personal stage, that of a pull request, and those that others depend on. */
export const trialStages = ["ada", "pr-7", "staging", "production"];

/** Secrets in name alone: how the sandbox misbehaves has a value in every stage. */
const optional = ["SandboxTrouble"];

export interface Trial {
  root: string;
  platform: Platform;
  region: string;
  /** What is recorded, and what its secrets are called. */
  recorded: Topology;
}

/** Evaluates a stage, and answers what is wrong with it by the rules, a line each. */
export async function tryStage(trial: Trial, stage: string): Promise<string[]> {
  const row = await stageRow(trial.root, stage);
  const environment = trialEnvironment(trial.recorded, row);
  return ruleFaults(trial, distil(await evaluate({ ...trial, stage, environment })), row);
}

/** What is wrong with the recorded topology, by the same rules. */
export async function recordedFaults(trial: Trial): Promise<string[]> {
  return ruleFaults(trial, trial.recorded, await stageRow(trial.root, trial.recorded.stage));
}

/** What several stages have in common is told once, in front of it the names of the stages. */
export function gather(faults: Record<string, string[]>): string[] {
  const stages = new Map<string, string[]>();
  for (const [stage, lines] of Object.entries(faults)) {
    for (const line of lines) stages.set(line, [...(stages.get(line) ?? []), stage]);
  }
  return [...stages].map(([line, names]) => `${names.join(", ")}: ${line}`);
}

/** Without a fault, production is refused when it has no secrets, and told which. */
export async function secretlessFaults(trial: Trial): Promise<string[]> {
  const required = secretNames(trial.recorded).filter((name) => !optional.includes(name));
  const refusal = await evaluate({ ...trial, stage: "production" }).then(
    () => "",
    (error: unknown) => String(error),
  );
  return required
    .filter((name) => !refusal.includes(`sst secret set ${name} <value> --stage production`))
    .map((name) => `production without its secrets is not refused for want of ${name}: see stacks/secret.ts`);
}

/** The row of stacks/stage.ts, whose own error is thrown for a name that makes no stage. */
export async function stageRow(root: string, name: string): Promise<StageRow> {
  const file = path.join(root, "stacks/stage.ts");
  const { stageOf } = (await import(pathToFileURL(file).href)) as { stageOf(name: string): unknown };
  return StageRow.parse(stageOf(name));
}

/** Values for secrets that pass the checks of stacks/secret.ts and open nothing; none where a stage has placeholders. */
export function trialEnvironment(recorded: Topology, { secrets, payments, origins }: StageRow): Record<string, string> {
  const needed = secrets === "required" ? secretNames(recorded).filter((name) => !optional.includes(name)) : [];
  return {
    ...Object.fromEntries(needed.map((name) => [`SST_SECRET_${name}`, trialSecret(name, payments)])),
    ...(origins === "storefront" && { STOREFRONT_ORIGINS: "https://shop.example.com" }),
  };
}

function secretNames({ links }: Topology): string[] {
  return Object.keys(links).filter((name) => links[name]?.type === "sst.sst.Secret");
}

function trialSecret(name: string, payments: StageRow["payments"]): string {
  if (name === "StripeApiKey") return `sk_${payments}_trial`;
  // 32 bytes, as keys have to be.
  return Buffer.alloc(32, name).toString("base64");
}

async function ruleFaults({ root, recorded }: Trial, topology: Topology, row: StageRow): Promise<string[]> {
  const used = await readFile(path.join(root, "stacks/usage.json"), "utf8").catch(() => undefined);
  const usage = used === undefined ? undefined : usageIn(Usage.parse(JSON.parse(used)), recorded, topology);
  const pages = await readdir(path.join(root, "docs/runbook")).catch(() => []);
  const physical = `${topology.app}-${topology.stage}-`;
  return faultsOf({ topology, row, usage, pages }).map((fault) =>
    fault.replaceAll(physical, `${topology.app}-<stage>-`),
  );
}
