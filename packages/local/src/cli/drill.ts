/** `npm run drill`: breaks a subscriber, lets an event fail for good, and mends it with the operators' own commands. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processIo, run } from "@cartwright/ops";
import { boot, type Local } from "../boot.ts";
import { SkippingClock } from "../clock.ts";
import type { DynamoFault, DynamoRequest } from "../dynamo/dynamo.ts";
import { orderFor, type Shop, seed } from "../shop/seed.ts";
import { exitWithReason, readTopology, watchParent } from "./process.ts";

const subscriber = "CommitReservation";
const sku = "MUG-BLUE";
const quantity = 2;
/** More than a queue's visibility timeout, so that its messages come back. */
const skipMs = 61_000;
const maximumSkips = 10;

interface State {
  isBroken: boolean;
  /** How often the subscriber was called. */
  calls: number;
  /** Whether all has been right so far. */
  isRight: boolean;
}

interface Drill extends State {
  local: Local;
  shop: Shop;
  clock: SkippingClock;
}

async function main(): Promise<boolean> {
  const topology = readTopology();
  const stateFolder = mkdtempSync(join(tmpdir(), "cartwright-drill-"));
  const clock = new SkippingClock();
  const state: State = { isBroken: false, calls: 0, isRight: true };
  let local: Local | undefined;
  try {
    local = await boot({
      ...{ topology, root: process.cwd(), stateFolder, apiPort: 0, endpointPort: 0, clock },
      hooks: {
        onDynamoRequest: (_, request) => (state.isBroken ? refuseCommit(request) : undefined),
        beforeInvoke(name) {
          if (name === subscriber) state.calls++;
          return undefined;
        },
      },
    });
    const shop = await seed({ ...local, userPoolId: topology.userPools.UserPool!.id });
    await local.idle();
    await play(Object.assign(state, { local, shop, clock }));
    console.log(state.isRight ? "\nThe drill went as it should." : "\nThe drill did not go as it should.");
    return state.isRight;
  } finally {
    await local?.stop();
    rmSync(stateFolder, { recursive: true, force: true });
  }
}

/** What a deployment that took a permission away looks like; only the commit of reserved stock is hit. */
function refuseCommit(request: DynamoRequest): DynamoFault | undefined {
  if (!JSON.stringify(request).includes("stock.committed")) return undefined;
  const message = `${subscriber} is not authorized to perform: dynamodb:UpdateItem`;
  return { when: "before", name: "AccessDeniedException", message };
}

async function play(drill: Drill): Promise<void> {
  const { shop, local } = drill;
  const before = await shop.staff.products.stock(sku);

  say(`${subscriber} may no longer write, and a customer buys ${quantity} of ${sku}`);
  drill.isBroken = true;
  const { id } = await shop.customer.orders.place(orderFor([{ sku, quantity }], "tok_ok"));
  await untilDeadLetter(drill);
  expect(drill, "the order is confirmed and paid all the same", (await settled(drill, id)).paid);
  expect(
    drill,
    "its stock is held, and not committed",
    (await isHeld(drill, before)) && (await commits(drill, id)) === 0,
  );

  say("somebody looks");
  await ops(drill, ["dead-letters", "list"]);
  await ops(drill, ["dead-letters", "list", subscriber]);
  const { items } = await shop.staff.ops.deadLetters.of(subscriber);
  expect(drill, "one letter waits for a person, and tells why", items.length === 1 && items[0]!.failure.attempts === 5);
  await ops(drill, ["dead-letters", "show", subscriber, items[0]?.id ?? "none"]);

  say("the permission is back, and the letter is redriven");
  drill.isBroken = false;
  await ops(drill, ["dead-letters", "redrive", subscriber, "--order", id, "--dry-run"]);
  expect(drill, "a dry run changes nothing", letters(local) === 1);
  await ops(drill, ["dead-letters", "redrive", subscriber, "--order", id]);
  await local.idle();
  await ops(drill, ["dead-letters", "list"]);
  await ops(drill, ["timeline", id]);
  expect(drill, "no letter is left", letters(local) === 0);
  expect(drill, "the stock is committed, once", (await isHeld(drill, before)) && (await commits(drill, id)) === 1);

  say("the same again, by a redrive and by a replay");
  const { calls } = drill;
  await ops(drill, ["dead-letters", "redrive", subscriber, "--all"]);
  await ops(drill, ["replay", subscriber, "--from", "2h", "--order", id]);
  await local.idle();
  expect(drill, "the event comes once more", drill.calls === calls + 1);
  expect(drill, "and changes nothing", (await isHeld(drill, before)) && (await commits(drill, id)) === 1);
  const { status, paid } = await settled(drill, id);
  expect(drill, "the order is confirmed and paid", status === "confirmed" && paid);
  expect(drill, "no letter is left", letters(local) === 0);
}

/** Lets the retries run out. */
async function untilDeadLetter({ local, clock }: Drill): Promise<void> {
  for (let skips = 0; skips < maximumSkips; skips++) {
    await local.idle();
    if (letters(local) > 0) return;
    clock.skip(skipMs);
  }
}

function letters({ queues, topology }: Local): number {
  const all = Object.entries(topology.queues).filter(([name]) => name.endsWith("DeadLetters"));
  return all.reduce((sum, [, { arn }]) => sum + queues.counts(arn).visible + queues.counts(arn).inFlight, 0);
}

function settled({ shop }: Drill, id: string) {
  return shop.customer.orders.waitUntilSettled(id);
}

async function commits({ shop }: Drill, id: string): Promise<number> {
  const { items } = await shop.customer.orders.timeline(id);
  return items.filter(({ event }) => event === "stock.committed").length;
}

/** What is committed stays reserved until it is shipped. */
async function isHeld({ shop }: Drill, before: { available: number; reserved: number }): Promise<boolean> {
  const { available, reserved } = await shop.staff.products.stock(sku);
  return available === before.available - quantity && reserved === before.reserved + quantity;
}

/** The real command, as an operator would type it. */
async function ops(drill: Drill, words: string[]): Promise<void> {
  console.log(`\n$ npm run ops -- ${words.join(" ")}`);
  const { local } = drill;
  const code = await run(
    words,
    processIo({ environment: { CARTWRIGHT_API_URL: local.apiUrl }, isTerminal: false, now: local.now }),
  );
  if (code !== 0) expect(drill, `the command ends with 0, not ${code}`, false);
}

function say(text: string): void {
  console.log(`\n— ${text}`);
}

function expect(drill: Drill, what: string, isSo: boolean): void {
  console.log(`${isSo ? "✓" : "✗"} ${what}`);
  drill.isRight &&= isSo;
}

watchParent();
main().then((isRight) => process.exit(isRight ? 0 : 1), exitWithReason);
