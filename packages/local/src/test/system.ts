/** The whole recorded system for tests, with a seeded shop and a clock that can be moved on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import type { Client } from "@cartwright/client";
import { boot, type Hooks, type Local } from "../boot.ts";
import { readTopology } from "../cli/process.ts";
import { SkippingClock } from "../clock.ts";
import { registered, type Shop, seed } from "../shop/seed.ts";
import { dynamoOf } from "./endpoint.ts";

export interface System {
  local: Local;
  shop: Shop;
  hooks: Hooks;
  clock: SkippingClock;
  /** Where all that it keeps lies, until it is stopped. */
  stateFolder: string;
  /** Another customer, newly registered. */
  newCustomer(): Promise<Client>;
  /** Takes away whatever a test has broken. */
  mend(): void;
  /** Moves the time on and waits until nothing more happens. */
  skip(ms: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * `hooks` may be changed while the system runs, so that a test breaks just what it is about. `trouble` is how the sandbox
 * provider misbehaves, such as `seed=7 lost=0.2`. `topology` is what is recorded, or what a test has made of it.
 */
export async function startSystem({ trouble = "quiet", topology = readTopology() } = {}): Promise<System> {
  const stateFolder = mkdtempSync(join(tmpdir(), "cartwright-system-"));
  const hooks: Hooks = {};
  const clock = new SkippingClock();
  const local = await boot({
    topology,
    root: process.cwd(),
    stateFolder,
    apiPort: 0,
    endpointPort: 0,
    clock,
    environment: { ...process.env, CARTWRIGHT_SECRET_SandboxTrouble: trouble },
    hooks: delegating(hooks),
  });
  const shop = await seed({ ...local, userPoolId: topology.userPools.UserPool!.id });
  await local.idle();
  return {
    local,
    shop,
    hooks,
    clock,
    stateFolder,
    newCustomer: () => registered(local, { email: `${crypto.randomUUID()}@example.com`, password: "Correct-horse-1" }),
    mend: () => {
      for (const hook of Object.keys(hooks)) delete hooks[hook as keyof Hooks];
    },
    skip: async (ms) => {
      await local.idle();
      clock.skip(ms);
      await local.idle();
    },
    stop: async () => {
      await local.stop();
      rmSync(stateFolder, { recursive: true, force: true });
    },
  };
}

/** What the payment provider holds or has collected, by order. */
export async function providersBooks(of: Pick<Local, "endpointUrl" | "topology">): Promise<Map<string, string>> {
  const { Items = [] } = await dynamoOf(of).send(new ScanCommand({ TableName: of.topology.tables.SandboxTable!.name }));
  return new Map(Items.map((item) => [item.orderId!.S!, item.status!.S!]));
}

function delegating(hooks: Hooks): Hooks {
  return {
    beforeInvoke: (...args) => hooks.beforeInvoke?.(...args),
    afterInvoke: (...args) => hooks.afterInvoke?.(...args),
    onDynamoRequest: (...args) => hooks.onDynamoRequest?.(...args),
    onPutEvents: (...args) => hooks.onPutEvents?.(...args),
    onLog: (...args) => hooks.onLog?.(...args),
  };
}
