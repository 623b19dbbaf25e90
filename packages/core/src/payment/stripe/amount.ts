/**
 * Stripe counts most currencies in the minor units of ISO 4217, as we do. These are all that it counts otherwise:
 * https://docs.stripe.com/currencies#zero-decimal, #three-decimal and #special-cases.
 */
import type { Money } from "@cartwright/events";
import { InvalidError } from "../../error.ts";

/** Without minor units, in fact and by ISO 4217; Stripe still counts hundredths, and takes whole units alone. */
const countedInHundredths = new Set(["ISK", "UGX"]);

/** Two decimals by ISO 4217 (an ariary has five iraimbilanja), none by Stripe. */
const countedInWholeUnits = new Set(["MGA"]);

/** Three decimals; card networks take two, so that the last digit has to be 0. */
const countedInTens = new Set(["BHD", "JOD", "KWD", "OMR", "TND"]);

/** Stripe documents no exponent for them, and a guess would be wrong by ten or a hundred. */
const unknownExponent = new Set(["CLF", "IQD", "LYD", "UYI", "UYW"]);

/** Throws `InvalidError` when Stripe can't charge exactly this much. */
export function toStripe({ amount, currency }: Money): { amount: number; currency: string } {
  if (unknownExponent.has(currency)) throw unpayable(`Stripe charges nothing in ${currency}`);
  if (countedInTens.has(currency) && amount % 10 !== 0) {
    throw unpayable(`Stripe charges ${currency} in multiples of ten minor units, not ${amount}`);
  }
  if (countedInWholeUnits.has(currency) && amount % 100 !== 0) {
    throw unpayable(`Stripe charges whole units of ${currency}, not ${amount} hundredths`);
  }
  return { amount: scale(currency, amount, "toStripe"), currency: currency.toLowerCase() };
}

/** Throws a `RangeError` when our minor units can't tell it. */
export function fromStripe(amount: number, currency: string): Money {
  const code = currency.toUpperCase();
  const minor = scale(code, amount, "fromStripe");
  if (!Number.isSafeInteger(minor)) throw new RangeError(`${amount} of Stripe's ${code} is no whole number of ours`);
  return { amount: minor, currency: code };
}

function scale(currency: string, amount: number, direction: "toStripe" | "fromStripe"): number {
  if (countedInHundredths.has(currency)) return direction === "toStripe" ? amount * 100 : amount / 100;
  if (countedInWholeUnits.has(currency)) return direction === "toStripe" ? amount / 100 : amount * 100;
  return amount;
}

function unpayable(message: string): InvalidError {
  return new InvalidError("amount_not_payable", message);
}
