/** The AWS APIs of a topology, for tests that talk to them by the SDK. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Topology } from "@cartwright/topology";
import { boot, type Local } from "../boot.ts";
import { SkippingClock } from "../clock.ts";
import { temporaryFolder, topology } from "./fixture.ts";

export interface Endpoint {
  local: Local;
  clock: SkippingClock;
  client: ReturnType<typeof clientOf>;
  stop(): Promise<void>;
}

type Place = Pick<Local, "endpointUrl" | "topology">;

/** For the constructor of an SDK client. */
export function clientOf({ endpointUrl: endpoint, topology: { region } }: Place) {
  return { endpoint, region, credentials: { accessKeyId: "test", secretAccessKey: "test" } };
}

export function dynamoOf(place: Place): DynamoDBClient {
  return new DynamoDBClient(clientOf(place));
}

/** Boots a small topology. */
export async function startEndpoint(parts: Partial<Topology>): Promise<Endpoint> {
  const folder = temporaryFolder();
  const clock = new SkippingClock();
  const stateFolder = folder.path;
  const local = await boot({
    topology: topology(parts),
    ...{ root: process.cwd(), stateFolder, apiPort: 0, endpointPort: 0, clock },
  });
  return {
    local,
    clock,
    client: clientOf(local),
    async stop() {
      await local.stop();
      folder.remove();
    },
  };
}
