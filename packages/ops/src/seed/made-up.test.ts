import { expect, test } from "vitest";
import { skusOf, WantedProduct } from "../product/wanted.ts";
import { makeUpProduct } from "./made-up.ts";

const productsOf = (seed: number, count = 500) => Array.from({ length: count }, (_, at) => makeUpProduct(seed, at));

test("the same seed makes the same products, however often and however many", () => {
  expect(productsOf(7)).toEqual(productsOf(7));
  expect(productsOf(7).slice(0, 20)).toEqual(productsOf(7, 20));
  expect(makeUpProduct(7, 1)).toMatchInlineSnapshot(`
    {
      "attributes": {
        "material": "stoneware",
        "origin": "Estonia",
      },
      "category": "teapots",
      "description": "Stoneware teapot that pours without a drop beside it. The strainer comes out for cleaning.",
      "sku": "POT-7-00002",
      "status": "published",
      "title": "Dune small-batch stoneware teapot",
      "variants": [
        {
          "options": {
            "colour": "black",
            "size": "0.4 l",
          },
          "prices": [
            {
              "amount": 6000,
              "currency": "EUR",
            },
            {
              "amount": 6600,
              "currency": "USD",
            },
          ],
          "sku": "POT-7-00002-BLACK-04L",
          "stock": 7,
        },
        {
          "options": {
            "colour": "black",
            "size": "0.8 l",
          },
          "prices": [
            {
              "amount": 9600,
              "currency": "EUR",
            },
            {
              "amount": 10550,
              "currency": "USD",
            },
          ],
          "sku": "POT-7-00002-BLACK-08L",
          "stock": 192,
        },
        {
          "options": {
            "colour": "slate",
            "size": "0.4 l",
          },
          "prices": [
            {
              "amount": 6000,
              "currency": "EUR",
            },
            {
              "amount": 6600,
              "currency": "USD",
            },
          ],
          "sku": "POT-7-00002-SLATE-04L",
          "stock": 39,
        },
        {
          "options": {
            "colour": "slate",
            "size": "0.8 l",
          },
          "prices": [
            {
              "amount": 9600,
              "currency": "EUR",
            },
            {
              "amount": 10550,
              "currency": "USD",
            },
          ],
          "sku": "POT-7-00002-SLATE-08L",
          "stock": 71,
        },
      ],
    }
  `);
});

test("no two products share a SKU, neither of one seed nor of two", () => {
  const skus = [...productsOf(7), ...productsOf(8), ...productsOf(77)].flatMap(skusOf);
  expect(new Set(skus).size).toBe(skus.length);
});

test("they are products that the catalogue takes, of many kinds", () => {
  const products = productsOf(7);
  for (const product of products) expect(WantedProduct.parse(product)).toEqual(product);
  expect(new Set(products.map(({ category }) => category)).size).toBeGreaterThan(10);
  const withVariants = products.filter(({ variants }) => variants);
  expect(withVariants.length).toBeGreaterThan(100);
  for (const { variants = [] } of withVariants) {
    expect(new Set(variants.map(({ options }) => JSON.stringify(options))).size).toBe(variants.length);
  }
  const currencies = products.flatMap(({ prices = [] }) => prices.map(({ currency }) => currency));
  expect(new Set(currencies)).toEqual(new Set(["EUR", "USD", "GBP"]));
  const stocks = products.flatMap(({ stock, variants = [] }) => [stock, ...variants.map((one) => one.stock)]);
  expect(stocks).toContain(0);
  expect(products.filter(({ status }) => status === "draft").length).toBeGreaterThan(0);
});
