import { createEvent, type Money, newId, ProductCreated, parseEvent } from "@cartwright/events";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cause, createPrice, tellProduct, tellStock, variantOf } from "../../test/order.ts";
import { propertyRuns } from "../../test/property.ts";
import { prices as rows } from "./price.entity.ts";
import { applyProduct, offersOf, price, rowsOfPriceList } from "./price-list.ts";

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

  test("ends with its last row, and says so on a full page", async () => {
    const list = createSku();
    const skus = Array.from({ length: 4 }, createSku).sort();
    for (const sku of skus) await rows().put({ list, sku }).go();
    const { items, nextCursor: cursor } = await rowsOfPriceList(list, { limit: 2 });
    expect(items.map(({ sku }) => sku)).toEqual(skus.slice(0, 2));
    const last = await rowsOfPriceList(list, { limit: 2, cursor });
    expect(last).toEqual({ items: skus.slice(2).map((sku) => ({ list, sku })) });
    expect(await rowsOfPriceList(list, { limit: 4 })).not.toHaveProperty("nextCursor");
  });

  test("is read as a whole, in pages", async () => {
    const skus = Array.from({ length: 6 }, createSku).sort();
    for (const [index, sku] of skus.entries()) await createPrice(sku, 100 + index);
    await tellStock(skus[1]!, 7, false);
    const seen: Record<string, unknown>[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await rowsOfPriceList("live", { limit: 5, cursor });
      seen.push(...page.items);
      cursor = page.nextCursor;
      if (!cursor) break;
    }
    expect(seen.map(({ sku }) => sku)).toEqual([...new Set(seen.map(({ sku }) => String(sku)))].sort());
    expect(seen.filter(({ sku }) => skus.includes(String(sku)))).toMatchObject([
      { sku: skus[0], product: skus[0], prices: [money(100)], sequence: 1 },
      { sku: skus[1], prices: [money(101)], inStock: false, stockSequence: 7 },
      ...skus.slice(2).map((sku) => ({ sku })),
    ]);
    const cursor = Buffer.from(JSON.stringify(["price-list/live", { sku: "a#b" }])).toString("base64url");
    await expect(rowsOfPriceList("live", { limit: 2, cursor })).rejects.toMatchObject({ code: "invalid_cursor" });
  });
});

describe("the price of lines", () => {
  async function createPriced(...prices: Money[]): Promise<string> {
    const sku = createSku();
    await createPrice(sku, prices);
    return sku;
  }

  const lines = (...skus: string[]) => skus.map((sku) => ({ sku, quantity: 1 }));

  test("adds up what is asked for twice", async () => {
    const sku = await createPriced(money(900));
    expect(await price(lines(sku, sku))).toEqual([{ sku, title: sku, quantity: 2, unitPrice: money(900) }]);
  });

  test.each([
    [undefined, "EUR", [5, 9]],
    ["USD", "USD", [6, 10]],
  ])("asked for in %s is in %s", async (asked, currency, amounts) => {
    const one = await createPriced(money(4, "GBP"), money(5), money(6, "USD"));
    const two = await createPriced(money(10, "USD"), money(9));
    const priced = await price(lines(one, two), asked);
    expect(priced.map(({ unitPrice }) => unitPrice)).toEqual(amounts.map((amount) => money(amount, currency)));
  });

  test("is in one currency: a line that has no price in it is named, with those it has", async () => {
    const [euros, dollars] = [await createPriced(money(5)), await createPriced(money(6, "USD"), money(7, "GBP"))];
    const fault = (path: string) => ({ path, code: "no_price_in_currency" });
    await expect(price(lines(euros, dollars, euros))).rejects.toMatchObject({
      ...{ kind: "invalid", code: "no_price_in_currency", faults: [fault("lines.1.sku")] },
      message: `${dollars} has no price in EUR, but in USD, GBP`,
    });
    await expect(price(lines(euros, dollars), "JPY")).rejects.toMatchObject({
      faults: [fault("lines.0.sku"), fault("lines.1.sku")],
    });
  });

  test("names all that is wrong, each line with its place in the request", async () => {
    const [cup, dollars] = [await createPriced(money(5)), await createPriced(money(6, "USD"))];
    const retired = createSku();
    await createPrice(retired, 5, { status: "retired" });
    await expect(price(lines(retired, cup, cup, createSku(), dollars))).rejects.toMatchObject({
      faults: [
        { path: "lines.0.sku", code: "unknown_product" },
        { path: "lines.3.sku", code: "unknown_product" },
        { path: "lines.4.sku", code: "no_price_in_currency" },
      ],
    });
  });
});
