import { expect, test } from "vitest";
import { PriceError, parsePrice, parsePriceIn } from "./price.ts";

test.each([
  ["14.50", "EUR", 1450],
  ["14.5", "EUR", 1450],
  ["14", "EUR", 1400],
  ["0", "EUR", 0],
  ["0.07", "GBP", 7],
  ["1.13", "USD", 113],
  ["90071992547.40", "USD", 9007199254740],
  ["1200", "JPY", 1200],
  ["1.234", "KWD", 1234],
  ["1.2", "KWD", 1200],
])("%s %s is %i in minor units", (decimal, currency, amount) => {
  expect(parsePrice(decimal, currency)).toEqual({ amount, currency });
  expect(parsePriceIn(` ${decimal}  ${currency} `)).toEqual({ amount, currency });
});

test.each([
  ["14.505", "EUR", "14.505 is more exact than EUR can be: write it as 14.50"],
  ["14.500", "EUR", "more exact"],
  ["12.5", "JPY", "write it as 1450"],
  ["14,50", "EUR", "write it as 14.50"],
  ["1.450,00", "EUR", "is no price"],
  ["-1", "EUR", "is no price"],
  ["1e3", "EUR", "is no price"],
  [".5", "EUR", "is no price"],
  ["5.", "EUR", "is no price"],
  ["", "EUR", "is no price"],
  ["1", "eur", "no ISO 4217 code"],
  ["1", "XYZ", "no ISO 4217 code"],
])("%j of %s is refused", (decimal, currency, reason) => {
  expect(() => parsePrice(decimal, currency)).toThrow(PriceError);
  expect(() => parsePrice(decimal, currency)).toThrow(reason);
});

test.each(["14.50", "EUR 14.50", "14.50 EUR each", "14.50EUR"])("%j is no price with its currency", (text) => {
  expect(() => parsePriceIn(text)).toThrow(PriceError);
});
