/** `npm run seed`: fills a catalogue with made-up products. */
import { type Surroundings, text, type UnconnectedCommand, type Values } from "../command.ts";
import { connect, urlOf } from "../connect.ts";
import { UsageError } from "../io.ts";
import { concurrencyOf } from "../product/import.ts";
import { inOrder } from "../product/in-order.ts";
import { createProgress } from "../product/progress.ts";
import { openSession } from "../product/session.ts";
import type { Unit } from "../product/unit.ts";
import { noTally, number, type Result, summaryOf, tallied, workOn } from "../product/work.ts";
import { visible } from "../text.ts";
import { makeUpProduct } from "./made-up.ts";

export const seed: UnconnectedCommand = {
  name: "seed",
  summary: "fill the catalogue with made-up products",
  usage: `npm run seed -- [options]

Puts products of a shop for tea and homeware into the catalogue, with variants, prices and stock. The same seed makes the
same products, so that running it again changes nothing, and asking for more adds to those that are there.

  --products <n>      how many (default 100, at most 100000)
  --seed <n>          which ones (default 1)
  --concurrency <n>   products at a time (default 8, at most 64)`,
  options: { products: { type: "string" }, seed: { type: "string" }, concurrency: { type: "string" } },
  positionals: [0, 0],
  check(values) {
    wishesOf(values);
    concurrencyOf(values);
  },
  runUnconnected: fill,
};

function wishesOf(values: Values): { products: number; seed: number } {
  return { products: numberIn(values, "products", 100, 1, 100_000), seed: numberIn(values, "seed", 1, 0, 999_999) };
}

function numberIn(values: Values, option: string, byDefault: number, least: number, most: number): number {
  const given = text(values[option]);
  if (given === undefined) return byDefault;
  if (/^\d{1,6}$/.test(given) && Number(given) >= least && Number(given) <= most) return Number(given);
  throw new UsageError(`--${option} takes a number from ${least} to ${most}, not ${given}`);
}

async function fill({ io, values, place, printJson }: Surroundings): Promise<boolean> {
  const wishes = wishesOf(values);
  const session = await openSession(() => connect(place, io), io);
  const progress = createProgress(io);
  let [tally, isInterrupted, done] = [noTally, false, 0];
  const noMoreInterrupts = io.onInterrupt(() => {
    isInterrupted = true;
    progress.say("Stopping when what has begun is done; press again to stop at once.");
  });
  const units = unitsOf(wishes, () => isInterrupted);
  try {
    for await (const result of inOrder(units, concurrencyOf(values), (unit) => workOn(unit, session))) {
      tally = tallied(tally, result);
      done += 1;
      progress.show(done / wishes.products, tally);
      for (const { reason } of result.faults) progress.say(visible(`${skuOf(result)}: ${reason}`));
    }
  } finally {
    noMoreInterrupts();
    progress.end();
  }
  const { valid: _, ...became } = tally;
  const isWhole = done === wishes.products && tally.refused + tally.failed === 0;
  if (printJson(became)) return isWhole;
  const isUnchanged = isWhole && tally.unchanged === done;
  io.print(`${summaryOf(tally)}, at ${urlOf(place, io).origin}.`);
  if (isUnchanged) io.print(`All of seed ${wishes.seed} were there already: nothing has changed.`);
  if (isInterrupted) io.printError(`Stopped after ${number(done)}: the same command goes on.`);
  return isWhole;
}

async function* unitsOf({ products, seed }: { products: number; seed: number }, isOver: () => boolean) {
  for (let at = 0; at < products && !isOver(); at++) {
    const product = makeUpProduct(seed, at);
    yield { rows: [{ line: at + 1, sku: product.sku, given: product }], product } satisfies Unit;
  }
}

const skuOf = ({ rows }: Result) => rows[0]?.sku;
