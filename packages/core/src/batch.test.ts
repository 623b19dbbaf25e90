import { newId } from "@cartwright/events";
import { expect, test } from "vitest";
import { readAll } from "./batch.ts";
import { prices } from "./order/price-list/price.entity.ts";
import { answerInPart } from "./test/partial-batch.ts";

async function createKeys(count: number): Promise<{ list: string; sku: string }[]> {
  const list = newId("req");
  const keys = Array.from({ length: count }, (_, index) => ({ list, sku: `S${index}` }));
  for (const key of keys) await prices().put(key).go();
  return keys;
}

const read = (keys: { list: string; sku: string }[]) => readAll("prices", keys, (some) => prices().get(some).go());

test("what a batch leaves out is asked for again, and what there is not holds up nothing", async () => {
  const [keys, nothing] = [await createKeys(5), { list: "none", sku: "none" }];
  answerInPart(2);
  const found = await read([nothing, ...keys]);
  expect(found.map(({ sku }) => sku)).toEqual(keys.map(({ sku }) => sku));
});

test("items come in the order of their keys, whichever the table answers them in", async () => {
  const keys = (await createKeys(30)).reverse();
  expect(await read(keys)).toEqual(keys);
});

test("no keys are no request, and more than DynamoDB takes at once are several", async () => {
  expect(await read([])).toEqual([]);
  const [first, ...others] = await createKeys(3);
  const strangers = Array.from({ length: 150 }, (_, index) => ({ list: "none", sku: `${index}` }));
  expect((await read([first!, ...strangers, ...others])).length).toBe(3);
});

test("a table that answers nothing at all is given up", async () => {
  const keys = await createKeys(2);
  answerInPart(0);
  await expect(read(keys)).rejects.toMatchObject({
    ...{ name: "UnavailableError", kind: "unavailable" },
    message: "prices could not be read in full: try again",
  });
});
