/** The AWS APIs of a small topology, for tests that talk to them by the SDK. */
import type { Topology } from "@cartwright/topology";
import { boot, type Local } from "../boot.ts";
import { SkippingClock } from "../clock.ts";
import { region, temporaryFolder, topology } from "./fixture.ts";

export interface Endpoint {
  local: Local;
  clock: SkippingClock;
  /** For the constructor of an SDK client. */
  client: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  stop(): Promise<void>;
}

export async function startEndpoint(parts: Partial<Topology>): Promise<Endpoint> {
  const folder = temporaryFolder();
  const clock = new SkippingClock();
  const stateFolder = folder.path;
  const local = await boot({
    topology: topology(parts),
    ...{ root: process.cwd(), stateFolder, apiPort: 0, endpointPort: 0, clock },
  });
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  return {
    local,
    clock,
    client: { endpoint: local.endpointUrl, region, credentials },
    async stop() {
      await local.stop();
      folder.remove();
    },
  };
}
