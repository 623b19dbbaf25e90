import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromStripe, toStripe } from "./amount.ts";

describe("an amount is sent as Stripe counts it", () => {
  test.each([
    [
      { amount: 1999, currency: "EUR" },
      { amount: 1999, currency: "eur" },
    ],
    [
      { amount: 500, currency: "JPY" },
      { amount: 500, currency: "jpy" },
    ],
    [
      { amount: 1050, currency: "HUF" },
      { amount: 1050, currency: "huf" },
    ],
    [
      { amount: 5, currency: "ISK" },
      { amount: 500, currency: "isk" },
    ],
    [
      { amount: 5, currency: "UGX" },
      { amount: 500, currency: "ugx" },
    ],
    [
      { amount: 5120, currency: "KWD" },
      { amount: 5120, currency: "kwd" },
    ],
    [
      { amount: 2900, currency: "MGA" },
      { amount: 29, currency: "mga" },
    ],
    [
      { amount: 0, currency: "USD" },
      { amount: 0, currency: "usd" },
    ],
  ])("%j", (money, sent) => {
    expect(toStripe(money)).toEqual(sent);
    expect(fromStripe(sent.amount, sent.currency)).toEqual(money);
  });

  test("and what it counts comes back as it was", () => {
    const currency = fc.constantFrom("EUR", "JPY", "ISK", "UGX", "MGA", "KWD", "TND");
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999_999 }), currency, (hundreds, code) => {
        const money = { amount: hundreds * 100, currency: code };
        const sent = toStripe(money);
        expect(Number.isSafeInteger(sent.amount)).toBe(true);
        expect(fromStripe(sent.amount, sent.currency)).toEqual(money);
      }),
    );
  });
});

test.each(["BHD", "JOD", "KWD", "OMR", "TND"])("a last digit of %s that is not 0 is refused", (currency) => {
  const refusal = expect.objectContaining({ kind: "invalid", code: "amount_not_payable" });
  expect(() => toStripe({ amount: 5124, currency })).toThrow(refusal);
});

test.each([
  { amount: 2950, currency: "MGA" },
  { amount: 1000, currency: "IQD" },
  { amount: 1000, currency: "CLF" },
])("%j, which Stripe can't charge, is refused", (money) => {
  expect(() => toStripe(money)).toThrow(expect.objectContaining({ kind: "invalid", code: "amount_not_payable" }));
});

test("an amount that our minor units can't tell is not rounded", () => {
  expect(() => fromStripe(4010, "isk")).toThrow(RangeError);
});
