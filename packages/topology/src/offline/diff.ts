/** What `sst diff` says of a stage, by the real CLI, without an account: beneath it, AWS and Pulumi are stand-ins. */
import { chmod, copyFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runNode } from "../child.ts";
import { bundle, bundleRecorder, evaluationAccount } from "../evaluate.ts";
import { TopologyError } from "../fail.ts";
import { type Platform, pulumiVersion, quietSst } from "../prepare.ts";
import { serveAws } from "./aws.ts";

export interface OfflineDiff {
  root: string;
  platform: Platform;
  stage: string;
  region: string;
  /** Of the stacks: the values of secrets, as `SST_SECRET_<name>`, and the like. */
  environment: Record<string, string>;
  /** Whether SST builds each function, too: that takes half a minute. */
  build: boolean;
  /** Called once the CLI has a port to itself: only then may another begin to look for one. */
  onPort(): void;
}

/** The resources that would be created, as the CLI names them. Throws a `TopologyError` with all it said if it fails. */
export async function diffOffline(diff: OfflineDiff): Promise<string[]> {
  const base = path.join(diff.root, ".sst/diff");
  await mkdir(base, { recursive: true });
  const work = await mkdtemp(path.join(base, `${diff.stage}-`));
  const aws = await serveAws(diff.onPort);
  try {
    await prepareRoot(diff, work);
    const { code, output } = await runCli(diff, work, aws.url);
    const created = [...output.matchAll(/^\+ +(\S+ \S+)$/gm)].map(([, resource]) => resource as string);
    if (code === 0 && created.length > 0) return created;
    const asked = aws.unanswered.map((question) => `${question} has no answer in offline/aws.ts`);
    throw new TopologyError([`sst diff --stage ${diff.stage} failed:`, withoutProgress(output), ...asked].join("\n"));
  } finally {
    aws.close();
    await rm(work, { recursive: true, force: true });
  }
}

/** A root of its own, since SST keeps state, locks and outputs beside its config, where somebody's real ones are. */
async function prepareRoot({ root, platform, build }: OfflineDiff, work: string): Promise<void> {
  const own = path.join(work, ".sst/platform");
  await mkdir(path.join(work, "empty"), { recursive: true });
  for (const part of ["functions", "src"]) {
    await cp(path.join(platform.directory, part), path.join(own, part), { recursive: true });
  }
  for (const file of ["config.d.ts", "package.json", "tsconfig.json", "version"]) {
    await copyFile(path.join(platform.directory, file), path.join(own, file));
  }
  for (const part of ["dist", "node_modules"]) await symlink(path.join(platform.directory, part), path.join(own, part));
  await copyFile(path.join(root, ".sst/provider-lock.json"), path.join(work, ".sst/provider-lock.json"));
  for (const file of ["package.json", "sst.config.ts", "tsconfig.json"]) {
    await copyFile(path.join(root, file), path.join(work, file));
  }
  for (const part of ["node_modules", "packages", "stacks"]) {
    await symlink(path.join(root, part), path.join(work, part));
  }
  await writePulumi(work, build);
}

async function writePulumi(work: string, build: boolean): Promise<void> {
  const folder = path.join(work, "config/sst/bin");
  await mkdir(folder, { recursive: true });
  await bundleRecorder(path.join(work, "recorder.mjs"));
  await bundle({
    entryPoints: [fileURLToPath(new URL("./pulumi.ts", import.meta.url))],
    outfile: path.join(work, "pulumi.mjs"),
  });
  const script = `#!/bin/sh
if [ "$1" = version ]; then echo ${pulumiVersion}; exit; fi
export OFFLINE_ACCOUNT=${evaluationAccount} OFFLINE_EMPTY_FOLDER='${work}/empty' OFFLINE_BUILD=${build}
exec '${process.execPath}' '${work}/pulumi.mjs' "$@"
`;
  await writeFile(path.join(folder, "pulumi"), script);
  await chmod(path.join(folder, "pulumi"), 0o755);
}

/** Runs the CLI without the caller's environment, so that no credentials of theirs are used and no setting is told. */
function runCli({ root, stage, region, environment }: OfflineDiff, work: string, awsUrl: string) {
  return runNode([path.join(root, "node_modules/sst/bin/sst.mjs"), "diff", "--stage", stage], {
    cwd: work,
    env: {
      ...environment,
      PATH: process.env.PATH,
      HOME: work,
      TZ: "UTC",
      XDG_CONFIG_HOME: path.join(work, "config"),
      AWS_REGION: region,
      AWS_ENDPOINT_URL: awsUrl,
      AWS_ACCESS_KEY_ID: "offline",
      AWS_SECRET_ACCESS_KEY: "offline",
      AWS_EC2_METADATA_DISABLED: "true",
      ...quietSst,
    },
  });
}

/** Each resource is told when it is registered: hundreds of lines around the one that matters. */
function withoutProgress(output: string): string {
  const lines = output.split("\n").filter((line) => !/^\| +Created /.test(line));
  return lines.join("\n").trim();
}
