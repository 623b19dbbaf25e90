/** The price list made anew from events alone, beside the live one, and compared with it. */
import { isDeepStrictEqual } from "node:util";
import { newId, Sku } from "@cartwright/events";
import * as z from "zod";
import { applied, reaching } from "../../aws-fault.ts";
import { now } from "../../clock.ts";
import { type PageOptions, pageOf } from "../../cursor.ts";
import { DomainError } from "../../error.ts";
import { type PriceItem, prices, rebuilds } from "./price.entity.ts";
import { live, projection, readRows, rebuildUnderWay, skusIn } from "./price-list.ts";

export const RebuildID = z.string().regex(/^rbd_[0-9A-Z]{26}$/);

export const Rebuild = z.object({ id: RebuildID });
export type Rebuild = z.infer<typeof Rebuild>;

export class RebuildOverError extends DomainError {
  override name = "RebuildOverError";
  constructor(rebuildId: string) {
    super("conflict", "rebuild_over", `${rebuildId} is over, or another rebuild has begun since: begin again`);
  }
}

export const Compared = z.object({
  compared: z.int().describe("How many rows were made anew."),
  mended: z.array(z.string()).describe("The SKUs of live rows that differed, and are now as the events say."),
  untold: z
    .array(z.string())
    .describe("Live rows of which no event tells: they are older than the archive, or somebody made them up."),
  ahead: z
    .array(z.string())
    .describe("Live rows that are ahead of those made anew: some events have not come yet, or come just now."),
  nextCursor: z.string().optional().describe("Absent on the last page."),
});
export type Compared = z.infer<typeof Compared>;

const longestMs = 24 * 60 * 60 * 1000;
/** A row that changes each time it is about to be mended is left for the next comparison. */
const attempts = 5;

/**
 * From now on all that happens is written to both lists, for a day, or until the rebuild is ended. It replaces a rebuild
 * that was begun before.
 */
export async function beginRebuild(): Promise<Rebuild> {
  const rebuildId = newId("rbd");
  const until = new Date(now().getTime() + longestMs).toISOString();
  await reaching("the price list", rebuilds().put({ projection, rebuildId, until }).go());
  return { id: rebuildId };
}

/**
 * Compares a page of the two lists, once the archive has been replayed to `UpdatePriceList`, and mends the live one where
 * it differs. A row never goes back to an older event. Safe to repeat. Throws `RebuildOverError`.
 */
export async function compareRebuild(rebuildId: string, options: PageOptions): Promise<Compared> {
  await assertCurrent(rebuildId);
  const listing = {
    binding: `rebuild/${rebuildId}`,
    position: Place,
    find: (after: Place | undefined, limit: number) => placesAfter(rebuildId, after, limit),
    read: async (places: Place[]) => places,
  };
  const { items, nextCursor } = await pageOf(listing, options);
  const skusOf = (list: Place["list"]) => items.filter((place) => place.list === list).map(({ sku }) => sku);
  const compared = await mend(rebuildId, skusOf("anew"));
  return { ...compared, untold: await untold(rebuildId, skusOf("live")), ...(nextCursor && { nextCursor }) };
}

/** Nothing is written to the new list any more; its rows expire. Repeating it changes nothing. */
export async function endRebuild(rebuildId: string): Promise<void> {
  const end = rebuilds()
    .patch({ projection })
    .remove(["rebuildId", "until"])
    .where((attributes, { eq }) => eq(attributes.rebuildId, rebuildId))
    .go();
  await applied("the price list", end);
}

async function assertCurrent(rebuildId: string): Promise<void> {
  if ((await rebuildUnderWay()) !== rebuildId) throw new RebuildOverError(rebuildId);
}

/** A place in what is gone through: first the rows made anew, then the live ones, for those that nothing tells of. */
const Place = z.strictObject({ list: z.enum(["anew", "live"]), sku: Sku });
type Place = z.infer<typeof Place>;

async function placesAfter(rebuildId: string, after: Place | undefined, limit: number): Promise<Place[]> {
  const anew = after?.list === "live" ? [] : await skusIn(rebuildId, after?.sku, limit);
  const left = limit - anew.length;
  const known = left > 0 ? await skusIn(live, after?.list === "live" ? after.sku : undefined, left) : [];
  return [
    ...anew.map((sku) => ({ list: "anew", sku }) as const),
    ...known.map((sku) => ({ list: "live", sku }) as const),
  ];
}

async function mend(rebuildId: string, skus: string[]): Promise<Omit<Compared, "untold" | "nextCursor">> {
  const [anew, known] = [await readRows(rebuildId, skus), await readRows(live, skus)];
  const [mended, ahead]: [string[], string[]] = [[], []];
  for (const row of anew.values()) {
    const outcome = await mendRow(row, known.get(row.sku));
    if (outcome === "mended") mended.push(row.sku);
    if (outcome === "ahead") ahead.push(row.sku);
  }
  return { compared: anew.size, mended, ahead };
}

async function untold(rebuildId: string, skus: string[]): Promise<string[]> {
  const [known, anew] = [await readRows(live, skus), await readRows(rebuildId, skus)];
  return [...known.keys()].filter((sku) => !anew.has(sku));
}

/** What is as it should be is left, and so is a row that the list made anew has no more. */
async function mendRow(row: PriceItem, before: PriceItem | undefined): Promise<"left" | "mended" | "ahead"> {
  const { list, sku } = row;
  let [anew, known]: (PriceItem | undefined)[] = [row, before];
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (!anew || (known && isDeepStrictEqual(told(known), told(anew)))) return "left";
    if (isAhead(known, anew)) return "ahead";
    if (await replaced(known, anew)) return "mended";
    [anew, known] = [await rowOf(list, sku), await rowOf(live, sku)];
  }
  return "ahead";
}

function isAhead(known: PriceItem | undefined, anew: PriceItem): boolean {
  return (["sequence", "stockSequence"] as const).some((of) => (known?.[of] ?? 0) > (anew[of] ?? 0));
}

/** Answers whether the live row was still as it was known. */
async function replaced(known: PriceItem | undefined, anew: PriceItem): Promise<boolean> {
  const put = prices()
    .put({ ...told(anew), list: live, sku: anew.sku })
    .where(({ sequence, stockSequence }, { eq, notExists }) => {
      const same = [
        known?.sequence === undefined ? notExists(sequence) : eq(sequence, known.sequence),
        known?.stockSequence === undefined ? notExists(stockSequence) : eq(stockSequence, known.stockSequence),
      ];
      return same.join(" AND ");
    })
    .go();
  return applied("the price list", put);
}

async function rowOf(list: string, sku: string): Promise<PriceItem | undefined> {
  return (await readRows(list, [sku])).get(sku);
}

function told({ list: _, expiresAt: __, ...row }: PriceItem): Omit<PriceItem, "list" | "expiresAt"> {
  return row;
}
