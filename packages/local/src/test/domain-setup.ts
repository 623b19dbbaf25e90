import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { boot } from "../boot.ts";
import { readTopology } from "../cli/process.ts";
import { startEngine } from "../dynamo/engine.ts";
import { ensureTables } from "../dynamo/table.ts";
import { localLinks } from "../function/link.ts";
import { topology as emptyTopology } from "./fixture.ts";

/** Gives domain tests a real engine with the recorded tables, queues and user pool, and the links that Lambda would give. */
export default async function setup() {
  const topology = readTopology();
  const { region, account, queues, userPools } = topology;
  const stateFolder = mkdtempSync(join(tmpdir(), "cartwright-test-"));
  const engine = await startEngine({ stateFolder });
  await ensureTables(engine, Object.values(topology.tables));
  const queueFolder = mkdtempSync(join(tmpdir(), "cartwright-test-"));
  const environment = { ...process.env };
  const local = await boot({
    topology: emptyTopology({ region, account, queues, userPools }),
    ...{ root: process.cwd(), stateFolder: queueFolder, apiPort: 0, endpointPort: 0 },
  });
  // Every test's process inherits this one's environment, those of other projects too.
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment, {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_ENDPOINT_URL_SQS: local.endpointUrl,
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: local.endpointUrl,
    AWS_REGION: region,
    POWERTOOLS_LOG_LEVEL: "SILENT",
    POWERTOOLS_METRICS_DISABLED: "true",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    SST_RESOURCE_App: JSON.stringify({ name: topology.app, stage: topology.stage }),
  });
  for (const [name, link] of Object.entries(localLinks(topology, local, {}))) {
    process.env[`SST_RESOURCE_${name}`] = JSON.stringify(link);
  }
  return async () => {
    await local.stop();
    await engine.stop();
    for (const folder of [stateFolder, queueFolder]) rmSync(folder, { recursive: true, force: true });
  };
}
