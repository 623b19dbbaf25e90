/** `npm run bench:stock`: how many orders a second can reserve the same product, in one shard and in ten. */
import { parseArgs } from "node:util";
import { exitWithReason, watchParent } from "../../local/src/cli/process.ts";
import type { Load, Measured, Sale } from "./load.ts";
import { latencyMs, type SlowAws, startSlowAws } from "./slow-aws.ts";

const usage = `npm run bench:stock -- [--quick]

Clients reserve one unit after another of one SKU, through the real code and a real engine, which refuses what DynamoDB
would refuse of a hot item: 1,000 write units a second, 500 transactional writes. This machine is slower than AWS, so all
of it runs in slow motion: limit, latency and pauses are stretched by the same factor, and results are told in AWS time.

  --quick   a minute instead of five`;

const { values } = parseArgs({ options: { quick: { type: "boolean" }, help: { type: "boolean" } } });
const shardCounts = [1, 10] as const;
const most = { shards: 10, reservationsPerSecondOfShard: 500 };

interface Step extends Load {
  /** So many clients that are told to wait are more to do than those that get something. */
  slower?: number;
}

/** Real seconds: the more clients, the longer it takes until their pauses have come round. */
const steps: Step[] = values.quick
  ? [10, 250].map((clients) => ({ clients, warmUpMs: 3_000, windowMs: 6_000 }))
  : [
      { clients: 1, warmUpMs: 2_000, windowMs: 8_000 },
      { clients: 10, warmUpMs: 3_000, windowMs: 10_000 },
      { clients: 100, warmUpMs: 7_000, windowMs: 20_000 },
      { clients: 1_000, warmUpMs: 20_000, windowMs: 35_000, slower: 2 },
    ];

/** In this time a shard at its limit makes 60 reservations. */
const leastAwsMs = 120;
/** What ten shards must reach of one, at the number of clients at which they are best. */
const leastRatio = 8;
/** From here on it is this process that is measured, and no longer the limit. */
const tooBusy = 0.95;

async function bench(aws: SlowAws): Promise<boolean> {
  // Domain code learns where its tables are when it is imported.
  const { connect, drive, sellOut, stockUp } = await import("./load.ts");
  connect(aws);
  const plenty = 1_000_000;

  const warm = { clients: 64, warmUpMs: 1_000, windowMs: values.quick ? 2_000 : 5_000 };
  const capacity = perSecond(await drive(aws, await stockUp(10, plenty), undefined, warm), 1);
  const slowMotion = Math.ceil((2 * most.shards * most.reservationsPerSecondOfShard) / capacity);
  console.log(introduction(capacity, slowMotion));

  let best = { reserved: 0, ratio: 0 };
  let wasTooBusy = false;
  console.log(row(["clients", "shards", "reserved/s", "rejected/s", "throttled/s", "busy", "ratio"]));
  for (const { slower = 1, ...step } of steps) {
    const pace = slowMotion * slower;
    // The slower this machine, the longer it takes to count enough to tell by.
    const windowMs = step.clients < 100 ? step.windowMs : Math.max(step.windowMs, leastAwsMs * pace);
    const load = { ...step, windowMs };
    const reserved: number[] = [];
    let isValid = true;
    for (const shards of shardCounts) {
      aws.setPace(undefined);
      const measured = await drive(aws, await stockUp(shards, plenty), pace, load);
      reserved.push(perSecond(measured, pace));
      isValid &&= measured.busy < tooBusy;
      const ratio = shards === 1 ? "" : `${ratioOf(reserved).toFixed(1)}×`;
      console.log(row([load.clients, shards, ...ratesOf(measured, pace), ratio]));
      for (const [name, count] of measured.failed) console.log(`  ${count} × ${name}`);
    }
    wasTooBusy ||= !isValid;
    if (!isValid) console.log("  this machine was too busy: these two don't count");
    else if (reserved[1]! > best.reserved) best = { reserved: reserved[1]!, ratio: ratioOf(reserved) };
  }
  const isFast = best.ratio >= leastRatio;
  console.log(`\n${mark(isFast)} at their best, ten shards reserve ${best.ratio.toFixed(1)} times what one does`);
  if (!isFast && wasTooBusy) console.log("  measure again when this machine has less to do");

  const [units, clients] = [500, 1_000];
  let isRight = true;
  // Whether it is right doesn't depend on how slow it is.
  for (const pace of values.quick ? [undefined] : [undefined, Math.ceil(slowMotion / 10)]) {
    const sale = await sellOut(aws, pace, units, clients);
    isRight &&= tellSale(sale, units, clients, pace);
  }
  return isFast && isRight;
}

function introduction(capacity: number, slowMotion: number): string {
  return `
This machine does ${capacity.toFixed(0)} reservations a second without limits. One second of AWS takes ${slowMotion} s here, so that ten
shards at their limit need about half of that. Assumed on AWS: ${latencyMs.write} ms for a write, ${latencyMs.read} ms for a read. Not emulated: that two
transactions which meet on an item at the same moment cancel each other, which makes one shard slower still.
`;
}

/** In AWS time. */
function perSecond({ reserved, windowMs }: Measured, slowMotion: number): number {
  return (reserved / windowMs) * 1_000 * slowMotion;
}

function ratesOf({ failed, throttled, windowMs, reserved, busy }: Measured, slowMotion: number): string[] {
  const rejected = [...failed.values()].reduce((sum, count) => sum + count, 0);
  const rates = [reserved, rejected, throttled].map((count) => ((count / windowMs) * 1_000 * slowMotion).toFixed(0));
  return [...rates, `${(busy * 100).toFixed(0)} %`];
}

const ratioOf = ([ofOne = 0, ofTen = 0]: number[]) => ofTen / Math.max(1, ofOne);
const row = (cells: (string | number)[]) => cells.map((cell) => String(cell).padStart(12)).join("");
const mark = (isGood: boolean) => (isGood ? "✓" : "✗");

function tellSale(
  { reserved, outOfStock, others, available, onHand }: Sale,
  units: number,
  clients: number,
  pace?: number,
): boolean {
  const isRight = reserved === units && outOfStock === clients - units && available === 0 && onHand === units;
  const how = pace === undefined ? "at full speed" : "at AWS's limit";
  console.log(
    `${mark(isRight)} ${clients} clients for ${units} units in ten shards, ${how}: ${reserved} reserved, ${outOfStock} out of stock, ${available} left`,
  );
  if (others.length > 0) console.log(`  and ${others.join(", ")}`);
  return isRight;
}

async function main(): Promise<boolean> {
  if (values.help) {
    console.log(usage);
    return true;
  }
  const aws = await startSlowAws();
  try {
    return await bench(aws);
  } finally {
    await aws.stop();
  }
}

watchParent();
main().then((isGood) => process.exit(isGood ? 0 : 1), exitWithReason);
