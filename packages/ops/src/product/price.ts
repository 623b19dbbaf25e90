/** Prices as people write them, in integer minor units; no float ever holds one. */
import type { Money } from "./wanted.ts";

/** The text says no price; the message tells a person why. */
export class PriceError extends Error {
  override name = "PriceError";
}

const currencies = new Set(Intl.supportedValuesOf("currency"));
export const isCurrency = (code: string) => currencies.has(code);

/** "14.50" of EUR is 1450; as many decimals as ISO 4217 gives the currency, or fewer. Throws `PriceError`. */
export function parsePrice(decimal: string, currency: string): Money {
  if (!isCurrency(currency)) throw new PriceError(`${JSON.stringify(currency)} is no ISO 4217 code such as EUR`);
  const digits = digitsOf(currency);
  const [, whole, fraction = ""] = /^(\d{1,12})(?:\.(\d+))?$/.exec(decimal) ?? [];
  if (whole === undefined) {
    throw new PriceError(`${JSON.stringify(decimal)} is no price: write it as ${exampleOf(digits)}`);
  }
  if (fraction.length > digits) {
    throw new PriceError(`${decimal} is more exact than ${currency} can be: write it as ${exampleOf(digits)}`);
  }
  return { amount: Number(whole + fraction.padEnd(digits, "0")), currency };
}

/** "14.50 EUR". Throws `PriceError`. */
export function parsePriceIn(text: string): Money {
  const [, decimal, currency] = /^(\S+)\s+(\S+)$/.exec(text.trim()) ?? [];
  if (decimal === undefined || currency === undefined) {
    throw new PriceError(`${JSON.stringify(text)} is no price with its currency, such as 14.50 EUR`);
  }
  return parsePrice(decimal, currency);
}

function digitsOf(currency: string): number {
  return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

const exampleOf = (digits: number) => (digits === 0 ? "1450" : `14.${"50".padEnd(digits, "0").slice(0, digits)}`);
