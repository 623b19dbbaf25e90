import { Resource } from "sst";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { type Listing, pageOf } from "./cursor.ts";

const Position = z.strictObject({ number: z.int() });
type Position = z.infer<typeof Position>;

/** The numbers from 1 to 5. */
const numbers: Listing<Position, number> = {
  binding: "numbers?below=6",
  position: Position,
  find: async (after, limit) =>
    [1, 2, 3, 4, 5]
      .filter((number) => number > (after?.number ?? 0))
      .slice(0, limit)
      .map((number) => ({ number })),
  read: async (found) => found.map(({ number }) => number),
};

const page = (cursor: string | undefined, { reader = "usr_a", listing = numbers } = {}) =>
  pageOf(listing, { reader, limit: 2, cursor });

const refused = { kind: "invalid", code: "invalid_cursor", faults: [{ path: "cursor" }] };

test("a cursor goes on where a page has ended, until the last one", async () => {
  const first = await page(undefined);
  const second = await page(first.nextCursor);
  const third = await page(second.nextCursor);
  expect([first, second, third].map(({ items }) => items)).toEqual([[1, 2], [3, 4], [5]]);
  expect(third.nextCursor).toBeUndefined();
});

test("it is good for its reader, list and filter alone", async () => {
  const { nextCursor } = await page(undefined);
  for (const elsewhere of [
    { reader: "usr_b" },
    { reader: "public" },
    { listing: { ...numbers, binding: "numbers?below=7" } },
    { listing: { ...numbers, binding: "numbers" } },
  ]) {
    await expect(page(nextCursor, elsewhere)).rejects.toMatchObject(refused);
  }
});

test("what is no cursor, or was cut, changed or made up, is refused", async () => {
  const { nextCursor = "" } = await page(undefined);
  const { nextCursor: later = "" } = await page(nextCursor);
  const [place = "", signature = ""] = nextCursor.split(".");
  const otherPlace = Buffer.from('{"number":0}').toString("base64url");
  const forged = ["", ".", "x", place, `${place}.`, `.${signature}`, nextCursor.slice(0, -1), `${nextCursor}A`];
  forged.push(
    `${nextCursor}.x`,
    `${otherPlace}.${signature}`,
    `${later.split(".")[0]}.${signature}`,
    `${place}=.${signature}`,
  );
  for (const cursor of forged) await expect(page(cursor)).rejects.toMatchObject(refused);
});

test("it outlives its key for as long as that is kept, and no longer", async () => {
  const { value } = Resource.SigningKey;
  onTestFinished(() => void Object.assign(Resource.SigningKey, { value }));
  const other = Buffer.alloc(32, 7).toString("base64");
  const { nextCursor } = await page(undefined);
  Object.assign(Resource.SigningKey, { value: `${other},${value}` });
  expect((await page(nextCursor)).items).toEqual([3, 4]);
  Object.assign(Resource.SigningKey, { value: other });
  await expect(page(nextCursor)).rejects.toMatchObject(refused);
});

test("one of ours whose list has other places by now is refused, and nothing breaks", async () => {
  const { nextCursor } = await page(undefined);
  const position = z.strictObject({ number: z.int(), letter: z.string() }) as unknown as z.ZodType<Position>;
  await expect(page(nextCursor, { listing: { ...numbers, position } })).rejects.toMatchObject(refused);
});

test("it is short, and tells neither who reads nor what is asked for", async () => {
  const { nextCursor = "" } = await page(undefined);
  expect(nextCursor.length).toBeLessThan(100);
  expect(Buffer.from(nextCursor, "base64url").toString()).not.toMatch(/usr_a|below/);
});
