import { createEvent, type Money, newId, ProductCreated, parseEvent } from "@cartwright/events";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cause, createPrice, tellProduct, tellStock, variantOf } from "../../test/order.ts";
import { propertyRuns } from "../../test/property.ts";
import { prices as rows } from "./price.entity.ts";
import { applyProduct, offersOf, price, skusIn } from "./price-list.ts";

const createSku = () => newId("req");

const money = (amount: number, currency = "EUR"): Money => ({ amount, currency });

const offerOf = async (sku: string) => (await offersOf([sku])).get(sku);

describe("the price list", () => {
  test("has a row for each variant, called by what tells it from others", async () => {
    const product = createSku();
    const [blue, sand] = [`${product}-B`, `${product}-S`];
    await tellProduct(product, 1, [
      variantOf(blue, { options: [{ name: "colour", value: "blue" }], prices: [money(1450), money(1600, "USD")] }),
      variantOf(sand, {
        options: [
          { name: "colour", value: "sand" },
          { name: "size", value: "L" },
        ],
        retired: true,
      }),
    ]);
    const offers = await offersOf([sand, product, blue, sand]);
    expect([...offers.keys()].sort()).toEqual([blue, sand]);
    expect(offers.get(blue)).toEqual({
      ...{ sku: blue, title: "Mug, blue", status: "published", inStock: false },
      prices: [money(1450), money(1600, "USD")],
    });
    expect(offers.get(sand)).toMatchObject({ title: "Mug, sand, L", status: "retired" });
    await tellProduct(product, 2, [variantOf(blue)], { status: "draft" });
    expect(await offerOf(blue)).toMatchObject({ title: "Mug", status: "draft" });
  });

  test("an older product event that arrives late changes nothing, nor does a repeated one", async () => {
    const sku = createSku();
    await createPrice(sku, 300, { sequence: 3 });
    await createPrice(sku, 200, { sequence: 2 });
    await createPrice(sku, 999, { sequence: 3 });
    expect(await offerOf(sku)).toMatchObject({ prices: [money(300)] });
  });

  test("a variant that an older event knew alone still gets its row when that event comes late", async () => {
    const product = createSku();
    const [one, two] = [`${product}-1`, `${product}-2`];
    await tellProduct(product, 2, [variantOf(one, { prices: [money(2)] })]);
    await tellProduct(product, 1, [variantOf(one), variantOf(two)]);
    expect(await offerOf(one)).toMatchObject({ prices: [money(2)] });
    expect(await offerOf(two)).toMatchObject({ prices: [money(900)] });
  });

  test("takes in an event of the first version", async () => {
    const sku = createSku();
    const { version: _, ...header } = createEvent(ProductCreated, {
      ...{ subject: sku, sequence: 1, time: new Date(0), cause },
      data: { sku, title: "Cup", status: "published", variants: [variantOf(sku)] },
    });
    const data = { sku, title: "Cup", price: money(950), status: "published" };
    await applyProduct(parseEvent(ProductCreated, { ...header, version: 1, data }));
    expect(await offerOf(sku)).toMatchObject({ title: "Cup", prices: [money(950)], status: "published" });
  });

  test("says what is sold out; what it has heard of by its stock alone is not for sale", async () => {
    const sku = createSku();
    await tellStock(sku, 4, false);
    expect(await offerOf(sku)).toBeUndefined();
    await expect(price([{ sku, quantity: 1 }])).rejects.toMatchObject({ code: "unknown_product" });
    await createPrice(sku, 300);
    expect(await offerOf(sku)).toMatchObject({ inStock: false });
    await tellStock(sku, 3, true);
    expect(await offerOf(sku)).toMatchObject({ inStock: false });
    await tellStock(sku, 5, true);
    expect(await offerOf(sku)).toMatchObject({ inStock: true, prices: [money(300)] });
  });

  test("is the same in whichever order and however often events come", async () => {
    const happenings = [1, 2, 3].flatMap((sequence) => [
      (sku: string) => tellStock(sku, sequence, sequence !== 3),
      (sku: string) =>
        tellProduct(
          sku,
          sequence,
          [variantOf(sku, { prices: [money(sequence)] }), variantOf(`${sku}-2`, { retired: sequence > 1 })],
          { title: `Mug ${sequence}` },
        ),
    ]);
    const order = fc
      .shuffledSubarray(happenings, { minLength: happenings.length })
      .chain((all) => fc.array(fc.constantFrom(...happenings), { maxLength: 3 }).map((again) => [...all, ...again]));
    const property = fc.asyncProperty(order, async (events) => {
      const sku = createSku();
      for (const happen of events) await happen(sku);
      const { data } = await rows()
        .get([
          { list: "live", sku },
          { list: "live", sku: `${sku}-2` },
        ])
        .go({ preserveBatchOrder: true });
      const known = { list: "live", product: sku, title: "Mug 3", sequence: 3 };
      expect(data).toEqual([
        { ...known, sku, prices: [money(3)], status: "published", inStock: false, stockSequence: 3 },
        { ...known, sku: `${sku}-2`, prices: [money(900)], status: "retired" },
      ]);
    });
    await fc.assert(property, propertyRuns(20));
  });

  test("takes in all events at once as one after another", async () => {
    const sku = createSku();
    const sequences = Array.from({ length: 10 }, (_, index) => index + 1);
    await Promise.all(sequences.map((sequence) => createPrice(sku, sequence, { sequence })));
    expect(await offerOf(sku)).toMatchObject({ prices: [money(10)] });
  });

  test("is read in the order of its SKUs, after any of them", async () => {
    const list = createSku();
    const skus = Array.from({ length: 4 }, createSku).sort();
    for (const sku of skus) await rows().put({ list, sku }).go();
    expect(await skusIn(list, undefined, 2)).toEqual(skus.slice(0, 2));
    expect(await skusIn(list, skus[1], 100)).toEqual(skus.slice(2));
    expect(await skusIn(list, skus[3], 100)).toEqual([]);
  });
});
