/**
 * `npm run diff:offline` has the real SST CLI evaluate what it would deploy to each kind of stage, without an account, and
 * sees that it refuses production without its secrets. `-- --stage production` is about that stage alone; `--build` has
 * the functions built as well, which takes half a minute.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isUsageError, TopologyError } from "../fail.ts";
import { Topology } from "../model.ts";
import { type Platform, preparePlatform } from "../prepare.ts";
import { stageRow, trialEnvironment } from "../trial.ts";
import { diffOffline, type OfflineDiff } from "./diff.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

try {
  const { values } = parseArgs({
    options: { stage: { type: "string", multiple: true }, build: { type: "boolean", default: false } },
  });
  const platform = await preparePlatform(root, (line) => console.log(line));
  const recorded = Topology.parse(JSON.parse(await readFile(path.join(root, "stacks/topology.json"), "utf8")));
  const running: Promise<void>[] = [];
  for (const stage of values.stage ?? ["dev", "staging", "production"]) {
    const environment = trialEnvironment(recorded, await stageRow(root, stage));
    running.push(tell(stage, await begin({ platform, stage, environment, build: values.build })));
  }
  if (!values.stage) {
    const secretless = await begin({ platform, stage: "production", environment: {}, build: false });
    running.push(tellRefusal(secretless));
  }
  await Promise.all(running);
} catch (error) {
  console.error(error instanceof TopologyError || isUsageError(error) ? error.message : error);
  process.exitCode = 1;
}

interface Begun {
  created: Promise<string[]>;
}

/** Returns once the CLI has its port, so that all of them may go on at the same time. */
async function begin(
  diff: Pick<OfflineDiff, "stage" | "environment" | "build"> & { platform: Platform },
): Promise<Begun> {
  let created: Promise<string[]> = Promise.resolve([]);
  await new Promise<unknown>((resolve) => {
    const onPort = () => resolve(undefined);
    created = diffOffline({ ...diff, root, region: "eu-west-1", onPort });
    // It may end without ever having had one; whoever awaits it tells why.
    created.then(onPort, onPort);
  });
  return { created };
}

async function tell(stage: string, { created }: Begun): Promise<void> {
  try {
    console.log(`sst diff --stage ${stage}: would create ${(await created).length} resources`);
  } catch (error) {
    console.error(error instanceof TopologyError ? error.message : error);
    process.exitCode = 1;
  }
}

async function tellRefusal({ created }: Begun): Promise<void> {
  const refusal = await created.then(
    () => "it was not refused",
    (error: unknown) => String(error),
  );
  if (refusal.includes("sst secret set PaymentTokenKey <value> --stage production")) {
    console.log("sst diff --stage production without its secrets: refused, with the names of all");
    return;
  }
  console.error(`sst diff --stage production without its secrets: ${refusal}`);
  process.exitCode = 1;
}
