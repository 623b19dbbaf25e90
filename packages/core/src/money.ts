import type { Money } from "@cartwright/events";

/** Such as "19.99 EUR", with as many decimals as ISO 4217 gives the currency. */
export function inWords({ amount, currency }: Money): string {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return `${(amount / 10 ** digits).toFixed(digits)} ${currency}`;
}
