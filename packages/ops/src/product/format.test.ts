import { describe, expect, test } from "vitest";
import { collect } from "../test/collect.ts";
import { csv } from "./csv.ts";
import { jsonLines } from "./json-lines.ts";
import { recordsOf } from "./record.ts";
import { type Format, type Unit, withoutRepeats } from "./unit.ts";

function read(format: Format, lines: string[], { quoted = false } = {}): Promise<Unit[]> {
  async function* chunks() {
    yield lines.join("\n");
  }
  return collect(withoutRepeats(format(recordsOf(chunks(), { quoted }))));
}

const readCsv = (...lines: string[]) => read(csv(), lines, { quoted: true });
const readJson = (...products: unknown[]) =>
  read(
    jsonLines,
    products.map((one) => (typeof one === "string" ? one : JSON.stringify(one))),
  );

const productsIn = (units: Unit[]) => units.flatMap((unit) => ("product" in unit ? unit.product : []));
const faultsIn = (units: Unit[]) =>
  units.flatMap((unit) => ("faults" in unit ? unit.faults.map(({ line, reason }) => `${line}: ${reason}`) : []));
const linesIn = (units: Unit[]) => units.map(({ rows }) => rows.map(({ line }) => line));

describe("CSV", () => {
  test("a row is a product of its own, and an empty cell says nothing", async () => {
    const units = await readCsv(
      "sku,title,description,category,status,price:EUR,price:JPY,attribute:glaze,images,stock",
      'MUG,Stoneware mug,"Holds\n0.3 l",mugs,published,14.50,2400,celadon,https://x.example/a.jpg https://x.example/b.jpg,12',
      " CUP , Cup ,,,,9,,,,",
    );
    expect(productsIn(units)).toEqual([
      {
        ...{ sku: "MUG", title: "Stoneware mug", description: "Holds\n0.3 l", category: "mugs", status: "published" },
        prices: [
          { amount: 1450, currency: "EUR" },
          { amount: 2400, currency: "JPY" },
        ],
        attributes: { glaze: "celadon" },
        images: [{ url: "https://x.example/a.jpg" }, { url: "https://x.example/b.jpg" }],
        stock: 12,
      },
      { sku: "CUP", title: "Cup", prices: [{ amount: 900, currency: "EUR" }] },
    ]);
    expect(linesIn(units)).toEqual([[2], [4]]);
  });

  test("rows of the same product, one after the other, are its variants", async () => {
    const units = await readCsv(
      "product,sku,title,option:colour,option:size,price:EUR,stock,retired",
      "MUG,MUG-B-S,Mug,blue,small,14.50,3,",
      "MUG,MUG-B-L,,blue,large,18,,yes",
      "BOWL,BOWL-1,Bowl,,,20,,",
      ",CUP,Cup,,,9,,",
    );
    const price = (amount: number) => [{ amount, currency: "EUR" }];
    expect(productsIn(units)).toEqual([
      {
        ...{ sku: "MUG", title: "Mug" },
        variants: [
          { sku: "MUG-B-S", options: { colour: "blue", size: "small" }, prices: price(1450), stock: 3 },
          { sku: "MUG-B-L", options: { colour: "blue", size: "large" }, prices: price(1800), retired: true },
        ],
      },
      { sku: "BOWL", title: "Bowl", variants: [{ sku: "BOWL-1", options: {}, prices: price(2000) }] },
      { sku: "CUP", title: "Cup", prices: price(900) },
    ]);
    expect(linesIn(units)).toEqual([[2, 3], [4], [5]]);
  });

  test("a row that can't be read is named with its line and its reason", async () => {
    const units = await readCsv(
      "sku,title,price:EUR,stock,retired",
      "A,Fine,1.00,,",
      "B,Too exact,1.001,,",
      ",No name,1.00,,",
      "C,Cells,1.00",
      'D,"Quoted" badly,1.00,,',
      "E e,Space,1.00,,",
      "F,Stock,1.00,-3,",
      "G,Retired,1.00,,perhaps",
      'H,"two\nlines",1.001,,',
      "I,Not UTF-8 \uFFFD,1.00,,",
      "J,Fine,1.00,,",
    );
    expect(productsIn(units).map(({ sku }) => sku)).toEqual(["A", "J"]);
    expect(faultsIn(units)).toEqual([
      "3: 1.001 is more exact than EUR can be: write it as 14.50",
      "4: it has no sku",
      "5: it has 3 cells under 5 columns",
      expect.stringMatching(/^6: it is no CSV \(Invalid Closing Quote(?!.*line)/),
      "7: sku: expected letters, digits and . _ - (at most 64)",
      "8: stock: -3 is no number of units",
      "9: retired: write yes or no, not perhaps",
      "10: 1.001 is more exact than EUR can be: write it as 14.50",
      "12: it holds text that is not UTF-8: save the file as UTF-8",
    ]);
    expect(units[1]?.rows).toEqual([
      { line: 3, sku: "B", given: { sku: "B", title: "Too exact", "price:EUR": "1.001" } },
    ]);
  });

  test("one row that is refused keeps its whole product out", async () => {
    const units = await readCsv(
      "product,sku,title,option:colour,price:EUR",
      "MUG,MUG-B,Mug,blue,1",
      "MUG,MUG-R,Cup,red,1",
      "MUG,MUG-G,,green,x",
    );
    expect(linesIn(units)).toEqual([[2, 3, 4]]);
    expect(faultsIn(units)).toEqual([
      '3: title: line 2 of the same product says "Mug"',
      '4: "x" is no price: write it as 14.50',
    ]);
  });

  test("a fault of a variant is told of its own row", async () => {
    const units = await readCsv(
      "product,sku,title,option:colour",
      "MUG,MUG-B,Mug,blue",
      `MUG,MUG-R,,${"r".repeat(51)}`,
    );
    expect(faultsIn(units)).toEqual([expect.stringMatching(/^3: variants.1.options.colour: /)]);
  });

  test.each([
    ["", /the file is empty/],
    ["sku,colour", /no column "colour"; there are .*option:…/],
    ["sku,price:", /no column "price:"/],
    ["sku,price:EURO", /price:EURO: expected an ISO 4217 code/],
    ["sku,title,title", /two columns title/],
    ["title", /no column sku/],
    ['sku,"title', /never closed/],
  ])("a header %j is refused before anything is done", async (header, message) => {
    await expect(readCsv(header)).rejects.toMatchObject({
      name: "RefusedError",
      message: expect.stringMatching(message),
    });
  });

  test("another delimiter can be told", async () => {
    const units = await read(csv({ delimiter: ";" }), ["sku;title", "A;Cup, small"], { quoted: true });
    expect(productsIn(units)).toEqual([{ sku: "A", title: "Cup, small" }]);
  });
});

describe("JSON lines", () => {
  test("a line is a product as the API takes it, with prices in either way", async () => {
    const units = await readJson(
      {
        sku: "CUP",
        title: "Cup",
        prices: ["9.00 EUR", { amount: 1200, currency: "JPY" }],
        stock: 4,
        description: null,
      },
      {
        sku: "MUG",
        images: ["https://x.example/a.jpg"],
        variants: [{ sku: "MUG-B", options: { colour: "blue" }, prices: ["1 EUR"], stock: 2 }],
      },
    );
    expect(productsIn(units)).toEqual([
      {
        ...{ sku: "CUP", title: "Cup", stock: 4, description: null },
        prices: [
          { amount: 900, currency: "EUR" },
          { amount: 1200, currency: "JPY" },
        ],
      },
      {
        ...{ sku: "MUG", images: [{ url: "https://x.example/a.jpg" }] },
        variants: [{ sku: "MUG-B", options: { colour: "blue" }, prices: [{ amount: 100, currency: "EUR" }], stock: 2 }],
      },
    ]);
  });

  test("what is no such product is refused with its line", async () => {
    const units = await readJson(
      "{",
      "",
      "[1]",
      { sku: "A", colour: "blue" },
      { sku: "B", prices: ["9.001 EUR"] },
      { sku: "C", prices: ["9 EUR"], variants: [{ sku: "C-1" }] },
      { sku: "D", variants: [{ sku: "D-1" }, { sku: "D-1" }] },
    );
    expect(faultsIn(units)).toEqual([
      expect.stringMatching(/^1: it is no JSON/),
      expect.stringMatching(/^3: /),
      "4: there is no field colour",
      expect.stringMatching(/^5: 9.001 is more exact/),
      "6: prices: a product with variants has none of its own",
      "7: variants.1.sku: D-1 is there already",
    ]);
    expect(units[2]?.rows).toEqual([{ line: 4, sku: "A", given: { sku: "A", colour: "blue" } }]);
  });
});

test("a SKU that an earlier row has is refused, be it a product's or a variant's", async () => {
  const units = await readCsv(
    "product,sku,title",
    ",A,Cup",
    "MUG,MUG-B,Mug",
    ",A,Cup again",
    "MUG,MUG-R,Mug",
    ",MUG-B,Other",
    "BOWL,A,Bowl",
  );
  expect(faultsIn(units)).toEqual([
    "4: A is on line 2 already; the rows of one product belong together",
    "5: MUG is on line 3 already; the rows of one product belong together",
    "6: MUG-B is on line 3 already; the rows of one product belong together",
    "7: A is on line 2 already; the rows of one product belong together",
  ]);
});
