import { reaching } from "./aws-fault.ts";
import { attempts, pauseBefore } from "./contention.ts";
import { UnavailableError } from "./error.ts";

/**
 * All items that there are of these keys, in their order. DynamoDB answers a batch in part when it is large (16 MB, or
 * a megabyte of one partition) or busy, so the rest is asked for again. Throws `UnavailableError` when nothing more comes.
 */
export async function readAll<Key extends Record<string, string | number>, Item extends Key>(
  what: string,
  keys: readonly Key[],
  get: (keys: Key[]) => Promise<{ data: Item[]; unprocessed: Key[] }>,
): Promise<Item[]> {
  const names = Object.keys(keys[0] ?? {});
  const idOf = (one: Key) => JSON.stringify(names.map((name) => one[name]));
  const found = new Map<string, Item>();
  let [left, inVain] = [[...keys], 0];
  while (left.length > 0) {
    const { data, unprocessed } = await reaching(what, get(left));
    for (const item of data) found.set(idOf(item), item);
    inVain = unprocessed.length < left.length ? 0 : inVain + 1;
    if (inVain === attempts) throw new UnavailableError(`${what} could not be read in full: try again`);
    if (inVain > 0) await pauseBefore(inVain - 1);
    left = unprocessed;
  }
  return keys.map((key) => found.get(idOf(key))).filter((item) => item !== undefined);
}
