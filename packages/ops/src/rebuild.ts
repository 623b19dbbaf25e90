import type { Client } from "@cartwright/client";
import { Compared, fitting, Rebuild } from "./answer.ts";
import { type Command, type Context, text } from "./command.ts";
import { UsageError } from "./io.ts";
import { follow, startReplay } from "./replay.ts";
import { visible } from "./text.ts";

const projections = ["price-list"];
/** The archive keeps a year. */
const defaultSpanMs = 365 * 24 * 3_600_000;
const pauseMs = 2_000;
/** What a replay has handed on is worked off once so many looks in a row have seen nothing new. */
const quietLooks = 3;
const maximumLooks = 150;
const shownSkus = 10;
const neverQuiet = `After ${maximumLooks} looks there was still something new: this is not all. Rebuild it again.`;

export const rebuild: Command = {
  name: "rebuild",
  summary: "makes a projection anew from the archive, and compares it with the live one",
  usage: `npm run ops -- rebuild price-list [--from <time>] [options]

Replays all events of products and their stock into a second price list, beside the one that orders are priced by, and
compares the two. A live row that differs is mended; it never goes back to an older event. Orders go on meanwhile.

  --from <time>        of the first event (default a year ago, which is what the archive keeps)`,
  options: { from: { type: "string" } },
  positionals: [1, 1],
  check(_, [projection]) {
    if (projections.includes(projection!)) return;
    throw new UsageError(`there is no projection ${JSON.stringify(projection)}: there are ${projections.join(", ")}`);
  },
  async run(context) {
    const { id } = fitting(Rebuild, await context.client.priceList.beginRebuild());
    const compared = await makeAnew(context, id).catch(async (error) => {
      // What went wrong matters more than an end that isn't reached: a rebuild ends by itself, after a day.
      await context.client.priceList.endRebuild(id).catch(() => undefined);
      throw error;
    });
    const isRight = compared !== undefined && tell(context, compared);
    await context.client.priceList.endRebuild(id);
    return isRight;
  },
};

/** Nothing when the archive could not be replayed. */
async function makeAnew(context: Context, id: string): Promise<Settled | undefined> {
  const { io, values } = context;
  const to = new Date(io.now()).toISOString();
  const from = text(values.from) ?? new Date(io.now() - defaultSpanMs).toISOString();
  const replay = await startReplay(context, { subscriber: "UpdatePriceList", from, to });
  return (await follow(context, replay)) ? compareUntilQuiet(context, id) : undefined;
}

/** `isQuiet`: the last looks have seen nothing new. */
interface Settled {
  compared: Compared;
  isQuiet: boolean;
}

/** What was mended at any look, and what is left at the last one. */
async function compareUntilQuiet({ client, io }: Context, id: string): Promise<Settled> {
  let last = await compare(client, id);
  const mended = new Set(last.mended);
  let quiet = 0;
  for (let looks = 0; looks < maximumLooks && quiet < quietLooks; looks++) {
    await io.sleep(pauseMs);
    const next = await compare(client, id);
    const isSame = next.compared === last.compared && next.ahead.length === last.ahead.length && !next.mended.length;
    quiet = isSame ? quiet + 1 : 0;
    for (const sku of next.mended) mended.add(sku);
    last = next;
  }
  return { compared: { ...last, mended: [...mended].sort() }, isQuiet: quiet === quietLooks };
}

async function compare(client: Client, id: string): Promise<Compared> {
  const all: Compared = { compared: 0, mended: [], untold: [], ahead: [] };
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const query = { limit: 100, ...(cursor !== undefined && { cursor }) };
    const page = fitting(Compared, await client.priceList.compareRebuild(id, query));
    all.compared += page.compared;
    for (const part of ["mended", "untold", "ahead"] as const) all[part].push(...page[part]);
    cursor = page.nextCursor;
  }
  return all;
}

/** Answers whether the live list is as the events say, as far as can be known. */
function tell({ io, paint, printJson }: Context, { compared, isQuiet }: Settled): boolean {
  if (!printJson(compared)) for (const line of told(compared)) io.print(visible(line));
  if (!isQuiet) io.printError(paint.red(neverQuiet));
  return isQuiet && compared.ahead.length === 0 && compared.untold.length === 0;
}

function told({ compared, mended, untold, ahead }: Compared): string[] {
  const lines = [
    `${compared} rows made anew: ${compared - mended.length} were as they should be, ${mended.length} mended`,
  ];
  if (mended.length > 0) lines.push(`  mended: ${some(mended)}`);
  if (ahead.length > 0) {
    lines.push(`  live and newer than what was replayed: ${some(ahead)}`);
    lines.push("  Letters of UpdatePriceList may say why; redrive them, and rebuild again.");
  }
  if (untold.length > 0) {
    lines.push(`  live, and no event tells of them: ${some(untold)}`);
    lines.push(
      "  They are older than --from or the archive, or were made up. Change such a product, and it is told of again.",
    );
  }
  return lines;
}

function some(skus: string[]): string {
  const more = skus.length > shownSkus ? `, and ${skus.length - shownSkus} more` : "";
  return skus.slice(0, shownSkus).join(", ") + more;
}
