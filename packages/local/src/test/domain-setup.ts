import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTopology } from "../cli/process.ts";
import { startEngine } from "../dynamo/engine.ts";
import { ensureTables } from "../dynamo/table.ts";

/** Gives domain tests a real engine with the recorded tables, and the links that Lambda would give them. */
export default async function setup() {
  const topology = readTopology();
  const stateFolder = mkdtempSync(join(tmpdir(), "cartwright-test-"));
  const engine = await startEngine({ stateFolder });
  await ensureTables(engine, Object.values(topology.tables));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: topology.region,
    POWERTOOLS_LOG_LEVEL: "SILENT",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    SST_RESOURCE_App: JSON.stringify({ name: topology.app, stage: topology.stage }),
  });
  for (const [name, link] of Object.entries(topology.links)) {
    process.env[`SST_RESOURCE_${name}`] = JSON.stringify(link);
  }
  return async () => {
    await engine.stop();
    rmSync(stateFolder, { recursive: true, force: true });
  };
}
