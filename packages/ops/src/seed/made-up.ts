/** Products that nobody sells but that somebody could: the same ones for the same seed, however many are asked for. */
import type { Money, WantedProduct, WantedVariant } from "../product/wanted.ts";
import { type Kind, kinds, origins, series } from "./word.ts";

/** The product number `at` (from 0) of a seed. SKUs of different seeds are different. */
export function makeUpProduct(seed: number, at: number): WantedProduct {
  const dice = createDice(seed, at);
  const kind = dice.one(kinds);
  const material = dice.one(kind.materials);
  const title = `${dice.one(series)} ${dice.one(kind.styles)} ${material} ${kind.noun}`;
  const sku = `${kind.code}-${seed}-${String(at + 1).padStart(5, "0")}`;
  const [from, to] = kind.price;
  const euros = from + Math.floor(dice.next() * (to - from));
  const currencies = ["EUR", ...(dice.isHit(0.6) ? ["USD"] : []), ...(dice.isHit(0.5) ? ["GBP"] : [])];
  const combinations = combinationsOf(kind, dice);
  const description = kind.sentences.map((text) => text.replace("{}", sentence(`${material} ${kind.noun}`))).join(" ");
  const shared = {
    ...{ sku, title, description, category: kind.category },
    // A few are still to come.
    status: dice.isHit(0.04) ? ("draft" as const) : ("published" as const),
    attributes: { material, origin: dice.one(origins) },
  };
  const [only] = combinations;
  if (!only || combinations.length === 1) {
    return { ...shared, prices: pricesOf(euros, currencies), stock: stockOf(dice) };
  }
  const variants = combinations.map((options): WantedVariant => {
    const larger = kind.sizes ? kind.sizes.indexOf(options.size ?? "") : 0;
    const prices = pricesOf(euros * (1 + Math.max(0, larger) * 0.6), currencies);
    return { sku: [sku, ...Object.values(options).map(codeOf)].join("-"), options, prices, stock: stockOf(dice) };
  });
  return { ...shared, variants };
}

/** Half of what could come in several colours and sizes does. */
function combinationsOf({ colours = [], sizes = [] }: Kind, dice: Dice): Record<string, string>[] {
  const some = (all: string[], most: number) => (dice.isHit(0.5) ? dice.several(all, most) : []);
  const [chosenColours, chosenSizes] = [some(colours, 4), some(sizes, 3)];
  const ofColours = chosenColours.length > 1 ? chosenColours.map((colour) => ({ colour })) : [{}];
  if (chosenSizes.length < 2) return ofColours;
  return ofColours.flatMap((options) => chosenSizes.map((size) => ({ ...options, size })));
}

/** What one euro is elsewhere, roughly: a shop's prices are round, and don't follow the exchanges. */
const rates: Record<string, number> = { EUR: 1, USD: 1.1, GBP: 0.85 };

function pricesOf(euros: number, currencies: string[]): Money[] {
  return currencies.map((currency) => ({ amount: Math.round(euros * rates[currency]! * 2) * 50, currency }));
}

/** Some have sold out, and of some there are only a few. */
function stockOf(dice: Dice): number {
  if (dice.isHit(0.05)) return 0;
  return dice.isHit(0.1) ? 1 + Math.floor(dice.next() * 4) : 5 + Math.floor(dice.next() * 295);
}

type Dice = ReturnType<typeof createDice>;

/** A generator of its own for each product, by mixing bits (mulberry32), so that no product depends on another. */
function createDice(seed: number, at: number) {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b)) | 0;
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const one = <Thing>(things: readonly Thing[]): Thing => things[Math.floor(next() * things.length)]!;
  return {
    next,
    one,
    isHit: (probability: number) => next() < probability,
    /** From two up to `most`, in the order they are listed in. */
    several<Thing>(things: readonly Thing[], most: number): Thing[] {
      const chosen = new Set<Thing>();
      const wanted = Math.min(things.length, 2 + Math.floor(next() * (most - 1)));
      while (chosen.size < wanted) chosen.add(one(things));
      return things.filter((thing) => chosen.has(thing));
    },
  };
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const codeOf = (value: string) => value.toUpperCase().replace(/[^A-Z0-9]+/g, "");
