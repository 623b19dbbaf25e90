/** A cart as it is today: what its lines cost now, and what keeps them from being bought. No I/O, no clock. */
import type { Money } from "@cartwright/events";
import { inWords } from "../../money.ts";
import type { Offer } from "../price-list/price-list.ts";
import type { Line } from "../schema.ts";
import type { CartItem } from "./cart.entity.ts";
import type { Info, Problem } from "./schema.ts";

type Offers = ReadonlyMap<string, Offer>;
type Found = Omit<Problem, "path" | "sku">;

/** The one that was chosen, or else that of what was put in first. */
export function currencyOf({ currency, lines }: Pick<CartItem, "currency" | "lines">): string | undefined {
  return currency ?? lines[0]?.unitPrice.currency;
}

export function priceIn(currency: string | undefined, { prices }: Offer): Money | undefined {
  const price = currency === undefined ? prices[0] : prices.find((each) => each.currency === currency);
  return price && ordered(price);
}

export function view(cart: CartItem, offers: Offers): Info {
  const currency = currencyOf(cart);
  const lines = cart.lines.map((line) => today(line, offers.get(line.sku), currency));
  const amount = lines.reduce((sum, { lineTotal }) => sum + (lineTotal?.amount ?? 0), 0);
  return {
    id: cart.cartId,
    lines,
    ...(currency && { subtotal: { amount, currency }, currency }),
    problems: problemsOf(cart, offers),
    ...(cart.orderedAs && { orderedAs: cart.orderedAs }),
    version: cart.revision,
    expiresAt: new Date(cart.expiresAt * 1000).toISOString(),
  };
}

export function problemsOf(cart: CartItem, offers: Offers): Problem[] {
  const currency = currencyOf(cart);
  return cart.lines.flatMap((line, index) =>
    problemsOfLine(line, offers.get(line.sku), currency).map(({ code, ...more }) => ({
      ...{ path: `lines.${index}`, sku: line.sku, code },
      ...more,
    })),
  );
}

function today(line: Line, offer: Offer | undefined, currency: string | undefined): Info["lines"][number] {
  const { sku, quantity } = line;
  const title = offer?.title ?? line.title;
  const unitPrice = offer?.status === "published" ? priceIn(currency, offer) : undefined;
  if (!unitPrice) return { sku, title, quantity };
  return { sku, title, quantity, unitPrice, lineTotal: { ...unitPrice, amount: unitPrice.amount * quantity } };
}

/** The table keeps no order of keys, and the same cart shall always read the same. */
function ordered({ amount, currency }: Money): Money {
  return { amount, currency };
}

function problemsOfLine({ sku, unitPrice: was }: Line, offer: Offer | undefined, currency: string | undefined) {
  if (offer?.status !== "published") {
    return [{ code: "not_for_sale", message: `${sku} is not for sale` }] satisfies Found[];
  }
  const price = priceIn(currency, offer);
  if (!price) {
    return [{ code: "no_price_in_currency", message: `${sku} has no price in ${currency}` }] satisfies Found[];
  }
  const problems: Found[] = [];
  if (price.amount !== was.amount || price.currency !== was.currency) {
    const message = `${sku} costs ${inWords(price)} now, and was put in for ${inWords(was)}`;
    problems.push({ code: "price_changed", message, was: ordered(was), now: price });
  }
  if (!offer.inStock) problems.push({ code: "out_of_stock", message: `${sku} is out of stock` });
  return problems;
}
