import { newId } from "@cartwright/events";
import { describe, expect, onTestFinished, test } from "vitest";
import { setClock } from "../../clock.ts";
import { dynamo } from "../../dynamo.ts";
import { createPrice, tellStock } from "../../test/order.ts";
import { Order } from "../index.ts";
import { prices } from "./price.entity.ts";
import { readRows } from "./price-list.ts";

const createSku = () => newId("req");
const reader = newId("usr");
const hourMs = 60 * 60 * 1000;

/** What the archive holds of a product: it is replayed in any order. */
async function replay(sku: string): Promise<void> {
  await createPrice(sku, 300, { sequence: 3 });
  await createPrice(sku, 100, { sequence: 1 });
  await tellStock(sku, 2, true);
}

async function compare(id: string, limit = 100): Promise<Order.Compared> {
  const all: Order.Compared = { compared: 0, mended: [], untold: [], ahead: [] };
  for (let cursor: string | undefined, first = true; first || cursor; first = false) {
    const page = await Order.compareRebuild(id, { reader, limit, cursor });
    all.compared += page.compared;
    for (const part of ["mended", "untold", "ahead"] as const) all[part].push(...page[part]);
    cursor = page.nextCursor;
  }
  return all;
}

const rowOf = async (list: string, sku: string) => (await readRows(list, [sku])).get(sku);

test("made anew from its events, the list equals the live one, and mends what differs", async () => {
  const [right, wrong, lost, forged] = [createSku(), createSku(), createSku(), createSku()];
  for (const sku of [right, wrong]) await replay(sku);
  await prices()
    .patch({ list: "live", sku: wrong })
    .set({ prices: [{ amount: 1, currency: "EUR" }] })
    .go();
  await prices().put({ list: "live", sku: forged, title: "Never told of", status: "published", sequence: 1 }).go();

  const { id } = await Order.beginRebuild();
  for (const sku of [right, wrong, lost]) await replay(sku);
  await prices().put({ list: "live", sku: lost, product: lost }).go();
  const { compared, mended, untold, ahead } = await compare(id, 3);
  expect(compared).toBeGreaterThanOrEqual(3);
  // Other tests sell other products meanwhile.
  const ours = (skus: string[]) => skus.filter((sku) => [right, wrong, lost, forged].includes(sku)).sort();
  expect(ours(mended)).toEqual([wrong, lost].sort());
  expect(ours(untold)).toEqual([forged]);
  expect(ours(ahead)).toEqual([]);
  for (const sku of [right, wrong, lost]) {
    const [{ list: _, ...live }, { list: __, expiresAt: ___, ...anew }] = [
      (await rowOf("live", sku))!,
      (await rowOf(id, sku))!,
    ];
    expect(live).toEqual(anew);
    expect(live).toMatchObject({ prices: [{ amount: 300 }], inStock: true, sequence: 3, stockSequence: 2 });
  }
  expect(ours((await compare(id)).mended)).toEqual([]);
  await Order.endRebuild(id);
});

test("what happens while it is made is in both lists, and the live one never goes back", async () => {
  const sku = createSku();
  await createPrice(sku, 100, { sequence: 1 });
  await createPrice(sku, 200, { sequence: 2 });
  const { id } = await Order.beginRebuild();
  await createPrice(sku, 100, { sequence: 1 });
  expect((await compare(id)).ahead).toContain(sku);
  await createPrice(sku, 400, { sequence: 3 });
  const { ahead, mended } = await compare(id);
  expect([...ahead, ...mended]).not.toContain(sku);
  expect(await rowOf("live", sku)).toMatchObject({ sequence: 3, prices: [{ amount: 400 }] });
});

test("its cursors are for one rebuild and one reader, and there are no others", async () => {
  const { id } = await Order.beginRebuild();
  onTestFinished(() => Order.endRebuild(id));
  for (const sku of [createSku(), createSku()]) await createPrice(sku, 100);
  const { nextCursor: cursor = "" } = await Order.compareRebuild(id, { reader, limit: 1 });
  await Order.compareRebuild(id, { reader, limit: 1, cursor });
  const refused = { code: "invalid_cursor" };
  const other = newId("usr");
  await expect(Order.compareRebuild(id, { reader: other, limit: 1, cursor })).rejects.toMatchObject(refused);
  for (const forged of ["untold.", "told.", "", `live.${cursor}`]) {
    await expect(Order.compareRebuild(id, { reader, limit: 1, cursor: forged })).rejects.toMatchObject(refused);
  }
  const next = await Order.beginRebuild();
  onTestFinished(() => Order.endRebuild(next.id));
  await expect(Order.compareRebuild(next.id, { reader, limit: 1, cursor })).rejects.toMatchObject(refused);
});

test("a rebuild that is over, or that another one has replaced, compares nothing", async () => {
  const first = await Order.beginRebuild();
  const second = await Order.beginRebuild();
  await expect(Order.compareRebuild(first.id, { reader, limit: 3 })).rejects.toMatchObject({ code: "rebuild_over" });
  await Order.endRebuild(first.id);
  await Order.compareRebuild(second.id, { reader, limit: 3 });
  await Order.endRebuild(second.id);
  await Order.endRebuild(second.id);
  await expect(Order.compareRebuild(second.id, { reader, limit: 3 })).rejects.toMatchObject({ code: "rebuild_over" });
});

test("a rebuild that nobody ends is over after a day: what happens is written to the live list alone", async () => {
  const { id } = await Order.beginRebuild();
  const [first, second] = [createSku(), createSku()];
  let hours = 23;
  onTestFinished(setClock(() => Date.now() + hours * hourMs));
  await createPrice(first, 100);
  await Order.compareRebuild(id, { reader, limit: 3 });
  hours = 25;
  await createPrice(second, 100);
  await tellStock(second, 1, true);
  expect(await rowOf("live", second)).toMatchObject({ sequence: 1, inStock: true });
  expect(await rowOf(id, first)).toMatchObject({ sequence: 1 });
  expect(await rowOf(id, second)).toBeUndefined();
  await expect(Order.compareRebuild(id, { reader, limit: 3 })).rejects.toMatchObject({ code: "rebuild_over" });
});

describe("a row that is changed while it is mended", () => {
  /** One that the live list lacks a product's event of. */
  async function createOutdated() {
    const sku = createSku();
    await createPrice(sku, 100, { sequence: 1 });
    const { id } = await Order.beginRebuild();
    onTestFinished(() => Order.endRebuild(id));
    await prices()
      .put({ ...(await rowOf("live", sku))!, list: id, sequence: 9 })
      .go();
    await tellStock(sku, 9, true);
    return { sku, id };
  }

  test("is mended as it is then", async () => {
    const { sku, id } = await createOutdated();
    let times = 0;
    beforeEachPutOf(sku, async () => {
      if (times++ === 0) await createPrice(sku, 200, { sequence: 2 });
    });
    expect((await compare(id)).mended).toContain(sku);
    expect(times).toBe(2);
    expect(await rowOf("live", sku)).toMatchObject({ sequence: 9 });
  });

  test("again and again is left for the next comparison", async () => {
    const { sku, id } = await createOutdated();
    let times = 0;
    const stop = beforeEachPutOf(sku, () =>
      prices()
        .patch({ list: "live", sku })
        .set({ sequence: 2 + times++ })
        .go(),
    );
    const { ahead, mended } = await compare(id);
    expect([ahead.includes(sku), mended.includes(sku)]).toEqual([true, false]);
    expect(times).toBe(5);
    stop();
    expect((await compare(id)).mended).toContain(sku);
  });

  test("and is gone from the list made anew meanwhile is let be", async () => {
    const { sku, id } = await createOutdated();
    beforeEachPutOf(sku, async () => {
      await createPrice(sku, 200, { sequence: 2 });
      await prices().delete({ list: id, sku }).go();
    });
    const { ahead, mended, untold } = await compare(id);
    expect([ahead, mended, untold].map((skus) => skus.includes(sku))).toEqual([false, false, true]);
    expect(await rowOf("live", sku)).toMatchObject({ sequence: 2, prices: [{ amount: 200 }] });
  });
});

/** Until it is stopped or the test ends, something happens just before a row of this SKU is replaced. */
function beforeEachPutOf(sku: string, happen: () => Promise<unknown>): () => void {
  const name = "beforeEachPut";
  dynamo().middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === "PutItemCommand" && JSON.stringify(args.input).includes(sku)) await happen();
        return next(args);
      },
    { step: "initialize", name },
  );
  const stop = () => {
    dynamo().middlewareStack.remove(name);
  };
  onTestFinished(stop);
  return stop;
}
