/** `npm run demo`: plays orders that go well and orders that don't, and shows what happened to each. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { boot, type Local } from "../boot.ts";
import { play, scenarios } from "../shop/scenario.ts";
import { seed } from "../shop/seed.ts";
import { bill, timeline } from "../shop/story.ts";
import { exitWithReason, readTopology, watchParent } from "./process.ts";

async function demo(): Promise<boolean> {
  const topology = readTopology();
  const stateFolder = mkdtempSync(join(tmpdir(), "cartwright-demo-"));
  const root = process.cwd();
  let local: Local | undefined;
  try {
    local = await boot({ topology, root, stateFolder, apiPort: 0, endpointPort: 0 });
    const shop = await seed({ ...local, userPoolId: topology.userPools.UserPool!.id });
    await local.idle();
    let asExpected = true;
    for (const scenario of scenarios) {
      const { order, faults } = await play(scenario, local, shop);
      console.log(`\n${faults.length === 0 ? "✓" : "✗"} ${scenario.title}`);
      console.log(`  ${order.id}  ${order.status}${order.reason ? ` (${order.reason})` : ""}`);
      console.log(await timeline(local, shop.staff, order.id));
      for (const fault of faults) console.log(`  ✗ ${fault}`);
      if (scenario.billed) console.log(bill(local, order.id));
      asExpected &&= faults.length === 0;
    }
    console.log(asExpected ? "\nEvery order ended as expected." : "\nNot every order ended as expected.");
    return asExpected;
  } finally {
    await local?.stop();
    rmSync(stateFolder, { recursive: true, force: true });
  }
}

watchParent();
demo().then((asExpected) => process.exit(asExpected ? 0 : 1), exitWithReason);
