/** What a product may become, and what it is sold as: no I/O, no clock. */
import type { ProductStatus, ProductVariant } from "@cartwright/events";
import { type Fault, InvalidError } from "../../error.ts";
import { move, type Transitions } from "../../transition.ts";
import { maximumVariants, type Option, type Update } from "./schema.ts";

export const productTransitions = {
  draft: ["published", "retired"],
  published: ["retired"],
  retired: ["published"],
} as const satisfies Transitions<ProductStatus>;

export function statusAfter(sku: string, from: ProductStatus, to: ProductStatus = from): ProductStatus {
  return to === from ? to : move(productTransitions, sku, from, to);
}

/** The kinds that a product comes in, and the options that tell those apart which are for sale. */
export interface Assortment {
  options: Option[];
  variants: ProductVariant[];
}

type Given = Pick<Update, "prices" | "options" | "variants">;

/**
 * What a product is sold as after `given`. A variant that is not listed any more stays, retired, since orders and stock
 * go by its SKU. Throws `InvalidError` with the path of each fault.
 */
export function assortmentAfter(sku: string, given: Given, before?: Assortment): Assortment {
  if (given.variants && given.prices) refuse("prices", "ambiguous", "give prices or variants, not both");
  const variants = given.variants ? listed(given.variants, before) : priced(sku, given.prices, before);
  if (variants.length > maximumVariants) {
    const message = `a product has at most ${maximumVariants} variants, and those that are retired count`;
    refuse("variants", "too_many_variants", message);
  }
  const sold = variants.filter(({ retired }) => !retired);
  const options = given.options ?? derived(sold, before?.options);
  const faults = faultsOf(variants, options, given.variants ? "variants" : "options");
  if (faults.length > 0) {
    throw new InvalidError("invalid_variants", faults.map(({ message }) => message).join("; "), faults);
  }
  const ordered = variants.map((variant) => ({ ...variant, options: inOrder(variant.options, options) }));
  return { options, variants: ordered };
}

function listed(given: NonNullable<Given["variants"]>, before?: Assortment): ProductVariant[] {
  const named = new Set(given.map(({ sku }) => sku));
  const left = (before?.variants ?? []).filter(({ sku }) => !named.has(sku));
  const variants = given.map(({ options = {}, retired = false, ...variant }) => ({
    ...variant,
    options: Object.entries(options).map(([name, value]) => ({ name, value })),
    retired,
  }));
  return [...variants, ...left.map((variant) => ({ ...variant, retired: true }))];
}

function priced(sku: string, prices: Given["prices"], before?: Assortment): ProductVariant[] {
  if (!prices) return before?.variants ?? refuse("prices", "required", "give prices, or variants with theirs");
  const [only = { sku, options: [], retired: false }, ...others] = before?.variants ?? [];
  if (others.length > 0) refuse("prices", "several_variants", `${sku} has several variants: give them their prices`);
  return [{ ...only, prices }];
}

/** The options in use; those that are known keep their places, and so do their values. */
function derived(sold: readonly ProductVariant[], known: readonly Option[] = []): Option[] {
  const used = new Map<string, Set<string>>();
  for (const { name, value } of sold.flatMap(({ options }) => options)) {
    used.set(name, (used.get(name) ?? new Set()).add(value));
  }
  const knownValues = new Map(known.map(({ name, values }) => [name, values]));
  return knownFirst([...knownValues.keys()], used.keys()).map((name) => ({
    name,
    values: knownFirst(knownValues.get(name) ?? [], used.get(name) ?? []),
  }));
}

function knownFirst(known: readonly string[], used: Iterable<string>): string[] {
  const all = new Set(used);
  return [...new Set([...known.filter((one) => all.has(one)), ...all])];
}

/** Each variant for sale has a value for each option, and no two have the same. What is retired may be as it was. */
function faultsOf(variants: readonly ProductVariant[], options: readonly Option[], within: string): Fault[] {
  const seen = new Map<string, string>();
  return variants.flatMap((variant, index): Fault[] => {
    if (variant.retired) return [];
    const path = within === "variants" ? `variants.${index}.options` : within;
    const fault = misfit(variant, options);
    if (fault) return [{ ...fault, path: within === "variants" ? `${path}.${fault.path}` : path }];
    const combination = JSON.stringify(inOrder(variant.options, options));
    const other = seen.get(combination);
    if (other) return [{ path, code: "same_options", message: `${variant.sku} has the same options as ${other}` }];
    seen.set(combination, variant.sku);
    return [];
  });
}

function misfit({ sku, options: own }: ProductVariant, options: readonly Option[]): Fault | undefined {
  const values = new Map(own.map(({ name, value }) => [name, value]));
  for (const { name, values: known } of options) {
    const value = values.get(name);
    if (value === undefined) return { path: name, code: "missing_option", message: `${sku} has no ${name}` };
    if (known.includes(value)) continue;
    return { path: name, code: "unknown_value", message: `${name} has no value ${value}, which ${sku} names` };
  }
  const stray = own.find(({ name }) => !options.some((option) => option.name === name));
  if (!stray) return undefined;
  return { path: stray.name, code: "unknown_option", message: `there is no option ${stray.name}, which ${sku} names` };
}

function inOrder(own: ProductVariant["options"], options: readonly Option[]): ProductVariant["options"] {
  const placeOf = new Map(options.map(({ name }, index) => [name, index]));
  return own.toSorted(
    (one, other) => (placeOf.get(one.name) ?? options.length) - (placeOf.get(other.name) ?? options.length),
  );
}

function refuse(path: string, code: string, message: string): never {
  throw new InvalidError("invalid_variants", message, [{ path, code, message }]);
}
