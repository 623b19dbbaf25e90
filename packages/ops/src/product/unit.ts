/** What a file holds: products, each with the rows that tell of it, and rows that tell of none. */
import type { TextRecord } from "./record.ts";
import { skusOf, type WantedProduct } from "./wanted.ts";

/** One row as it was given, for the report of those that were refused. */
export interface Row {
  line: number;
  sku?: string;
  given: unknown;
}

export type Unit = { rows: Row[]; product: WantedProduct } | { rows: Row[]; faults: RowFault[] };

export interface RowFault {
  line: number;
  reason: string;
}

/** Reads the records of a file, in whatever way they tell of products. */
export type Format = (records: AsyncIterable<TextRecord>) => AsyncIterable<Unit>;

/**
 * Refuses a SKU that an earlier row has: whichever came last would win, and the next import would change it back. Each
 * SKU is remembered, about 100 bytes of it.
 */
export async function* withoutRepeats(units: AsyncIterable<Unit>): AsyncGenerator<Unit> {
  const seen = new Map<string, number>();
  for await (const unit of units) {
    if ("faults" in unit) {
      yield unit;
      continue;
    }
    const skus = skusOf(unit.product);
    const repeated = skus.find((sku) => seen.has(sku));
    if (repeated !== undefined) {
      const row = unit.rows.find(({ sku }) => sku === repeated) ?? unit.rows[0]!;
      const reason = `${repeated} is on line ${seen.get(repeated)} already; the rows of one product belong together`;
      yield { rows: unit.rows, faults: [{ line: row.line, reason }] };
      continue;
    }
    for (const sku of skus) seen.set(sku, (unit.rows.find((row) => row.sku === sku) ?? unit.rows[0]!).line);
    yield unit;
  }
}
