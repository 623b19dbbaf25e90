import { expect, test } from "vitest";
import { inWords } from "./money.ts";

test.each([
  [900, "EUR", "9.00 EUR"],
  [5, "EUR", "0.05 EUR"],
  [900, "JPY", "900 JPY"],
  [1234, "KWD", "1.234 KWD"],
])("%i of %s is %s, with as many decimals as the currency has", (amount, currency, words) => {
  expect(inWords({ amount, currency })).toBe(words);
});
