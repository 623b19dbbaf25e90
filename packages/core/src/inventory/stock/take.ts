/** Taking units of several SKUs at once, each of them out of one shard or several. */
import type { OrderLine } from "@cartwright/events";
import { random } from "../../chance.ts";
import { now } from "../../clock.ts";
import { attempts, pauseBefore } from "../../contention.ts";
import { ContentionError } from "../../error.ts";
import { type Portion, piecesOf, total } from "./hold.ts";
import type { Shortfall } from "./schema.ts";
import { anyShard, gather, hold, type Stocks, shardsOf, snapshotOf, spread, unlessBusy } from "./shard.ts";
import type { Transaction, Write } from "./stock.entity.ts";
import { maximumWrites, tryToTransact } from "./transaction.ts";

export type Taken =
  | { outcome: "taken"; portions: Portion[] }
  /** Nothing was taken: these lines lack. */
  | { outcome: "lacking"; shortfalls: Shortfall[] }
  /** Nothing was taken: the condition of the first write does not hold. */
  | { outcome: "superseded" };

/** Each of them that fails means that somebody else has got units. */
const maximumPlans = 100;

/** So many units a shard are worth the writes that even them out. */
const plentyPerShard = 8;

/**
 * Takes the units of all lines or of none, in one transaction with `first`, which is told the portions. Only when a shard,
 * chosen by chance, has too little are all of them looked at. Throws `ContentionError`.
 */
export async function takeUnits(
  orderId: string,
  lines: readonly OrderLine[],
  stocks: Stocks,
  first: (entities: Transaction, portions: Portion[]) => Write,
): Promise<Taken> {
  let plans: Plan[] = await Promise.all(
    lines.map((line) => (stocks.get(line.sku)?.owed ? look(line) : blindly(line, stocks))),
  );
  let looked: string | undefined;
  for (let plan = 0, contended = 0; plan < maximumPlans && contended < attempts; plan++) {
    plans = await fitting(plans);
    const shortfalls = plans.filter(isShortfall);
    if (shortfalls.length > 0) return { outcome: "lacking", shortfalls };
    const portions = plans.flatMap(ifPortion);
    const written = await tryToTransact((entities) => [
      first(entities, portions),
      ...writesOf(entities, portions, orderId),
    ]);
    if (written.isDone) {
      if (looked) await unlessBusy(refill(looked));
      return { outcome: "taken", portions };
    }
    if (written.isRefused(0)) return { outcome: "superseded" };
    const refused = portions.filter((_, index) => spanOf(portions, index).some(written.isRefused));
    const busy = portions.filter((_, index) => spanOf(portions, index).some(written.isContended));
    looked = refused[0]?.sku ?? looked;
    if (refused.length === 0) await pauseBefore(contended++);
    plans = await Promise.all(
      portions.map((one) => {
        if (refused.includes(one) || (busy.includes(one) && one.owed > 0)) return look(one);
        return busy.includes(one) && refused.length === 0 ? elsewhere(one, stocks) : one;
      }),
    );
  }
  throw new ContentionError(`the stock of ${orderId}`);
}

type Plan = Portion | Shortfall;

const isShortfall = (plan: Plan): plan is Shortfall => !("pieces" in plan);
const ifPortion = (plan: Plan): Portion[] => (isShortfall(plan) ? [] : [plan]);

function blindly({ sku, quantity }: OrderLine, stocks: Stocks): Portion {
  const stock = stocks.get(sku);
  const limit = stock?.backorderLimit ?? 0;
  return { sku, quantity, pieces: [{ sku, shard: anyShard(stock), quantity }], owed: 0, limit };
}

/** Another shard may be less busy; what was chosen with a look at all of them stays. */
function elsewhere(portion: Portion, stocks: Stocks): Portion {
  const isMovable = portion.pieces.length === 1 && shardsOf(stocks.get(portion.sku)) > 1;
  return isMovable ? blindly(portion, stocks) : portion;
}

/** Orders that wait for a SKU come before a new one, which gets what is there beyond that, and waits for the rest. */
async function look({ sku, quantity }: OrderLine): Promise<Plan> {
  const { stock, available } = await snapshotOf(sku);
  const { owed = 0, backorderLimit: limit = 0 } = stock ?? {};
  const free = Math.max(0, total(available) - owed);
  const there = Math.min(quantity, free);
  const promised = quantity - there;
  if (promised > 0 && promised > limit - owed) return { sku, quantity, available: free };
  return { sku, quantity, pieces: piecesOf(sku, there, available, random()) ?? [], owed: promised, limit };
}

const countOf = ({ pieces, owed }: Portion) => pieces.length + (owed > 0 ? 2 : 0);
const countOfAll = (portions: readonly Portion[]) => portions.reduce((sum, portion) => sum + countOf(portion), 0);

/** Which of the transaction's writes are a portion's. */
function spanOf(portions: readonly Portion[], index: number): number[] {
  const start = 1 + countOfAll(portions.slice(0, index));
  return Array.from({ length: countOf(portions[index]!) }, (_, offset) => start + offset);
}

function writesOf(entities: Transaction, portions: readonly Portion[], orderId: string): Write[] {
  const since = now().toISOString();
  return portions.flatMap((portion) => {
    const { sku, pieces, owed } = portion;
    const held: Write[] = pieces.map((piece) => hold(entities, piece));
    if (owed === 0) return held;
    return [
      ...held,
      backorder(entities, portion),
      entities.backorders.put({ orderId, sku, waitsFor: sku, since }).commit(),
    ];
  });
}

/** Fails by its condition when the SKU's limit has changed, or would be exceeded. */
function backorder({ stocks }: Transaction, { sku, owed: quantity, limit }: Portion) {
  return stocks
    .patch({ sku })
    .add({ owed: quantity })
    .where(
      ({ owed, backorderLimit }, { eq, lte, notExists }) =>
        `${eq(backorderLimit, limit)} AND (${notExists(owed)} OR ${lte(owed, limit - quantity)})`,
    )
    .commit();
}

/**
 * An order may have so many lines in so many shards that one transaction can't hold them. Then units are brought together,
 * and lines that are there in part are promised as a whole: what is there is allocated to them right afterwards.
 */
async function fitting(plans: Plan[]): Promise<Plan[]> {
  let fitted = plans;
  const isTooWide = () => 1 + countOfAll(fitted.flatMap(ifPortion)) > maximumWrites;
  for (const wide of plans.flatMap(ifPortion).filter(({ pieces }) => pieces.length > 1)) {
    if (!isTooWide()) return fitted;
    await gather(wide.sku, wide.quantity - wide.owed);
    const again = await look(wide);
    fitted = fitted.map((one) => (one === wide ? again : one));
  }
  return isTooWide() ? fitted.map((plan) => (isShortfall(plan) ? plan : promisedAsAWhole(plan))) : fitted;
}

function promisedAsAWhole(portion: Portion): Plan {
  const { sku, quantity, pieces, owed, limit } = portion;
  if (owed === 0 || pieces.length === 0) return portion;
  if (quantity > limit) return { sku, quantity, available: quantity - owed };
  return { ...portion, pieces: [], owed: quantity };
}

/** Whoever found a shard empty while others have plenty saves the next ones the detour. */
async function refill(sku: string): Promise<void> {
  const { stock, available } = await snapshotOf(sku);
  if (shardsOf(stock) > 1 && total(available) >= plentyPerShard * shardsOf(stock)) await spread(sku);
}
