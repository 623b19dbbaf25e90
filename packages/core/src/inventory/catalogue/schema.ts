import { Money, ProductStatus, Sku } from "@cartwright/events";
import * as z from "zod";
import { Text } from "../../text.ts";

/** A product is written in one transaction with the names of its variants, and a transaction has a hundred items. */
export const maximumVariants = 90;

const maximumOptions = 5;

const Category = z
  .string()
  .max(50)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "expected lower-case letters and digits, joined by -, such as tea-pots");

/** A text that is a key as well, so it is taken as it was sent or not at all. */
const Name = z
  .string()
  .max(50)
  .refine((name) => Text(50).safeParse(name).data === name, "expected text without control characters or outer spaces");

/** Text of several lines. */
const Prose = z
  .string()
  .trim()
  .min(1)
  .max(5000)
  .refine((text) => Text(5000).safeParse(text.replace(/\r?\n|\t/g, " ")).success, "expected readable text");

const Image = z.strictObject({
  url: z.url({ protocol: /^https$/, normalize: true, error: "expected an https URL" }).max(1000),
  alt: Text(200).optional(),
});

const Option = z.strictObject({ name: Name, values: z.array(Name).min(1).max(maximumVariants) });
export type Option = z.infer<typeof Option>;

const Variant = z.object({
  sku: Sku,
  options: z
    .record(z.string(), z.string())
    .describe("One value for each option of the product; what is retired may have others."),
  prices: z.array(Money),
  retired: z.boolean(),
});

export const Info = z.object({
  sku: Sku,
  title: z.string(),
  description: z.string().optional(),
  category: Category.optional(),
  attributes: z.record(z.string(), z.string()),
  images: z.array(Image),
  status: ProductStatus,
  options: z.array(Option),
  variants: z.array(Variant).describe("What can be ordered, each by its own SKU."),
  version: z.int(),
});
export type Info = z.infer<typeof Info>;

const Price = z.strictObject({
  amount: z.int().nonnegative().max(1_000_000_000),
  currency: z
    .string()
    .refine((code) => Intl.supportedValuesOf("currency").includes(code), "expected an ISO 4217 code such as EUR"),
});

/** At most one for each currency. */
const Prices = z
  .array(Price)
  .min(1)
  .max(20)
  .superRefine(distinct("currency", ({ currency }) => currency));

const fields = {
  title: Text(200),
  description: Prose,
  category: Category,
  attributes: z
    .record(Name, Text(200))
    .refine((all) => Object.keys(all).length <= 50, "expected at most 50 attributes"),
  images: z.array(Image).max(20),
  status: ProductStatus,
  /** In which order options and their values are shown; made of the variants when it is left out. */
  options: z
    .array(Option.extend({ values: Option.shape.values.superRefine(distinct(undefined, (value) => value)) }))
    .max(maximumOptions)
    .superRefine(distinct("name", ({ name }) => name)),
  prices: Prices.describe("Of a product with a single variant."),
  variants: z
    .array(
      z.strictObject({
        sku: Sku,
        options: z
          .record(Name, Name)
          .refine((all) => Object.keys(all).length <= maximumOptions, `expected at most ${maximumOptions} options`)
          .optional(),
        prices: Prices,
        retired: z.boolean().optional(),
      }),
    )
    .min(1)
    .max(maximumVariants)
    .superRefine(distinct("sku", ({ sku }) => sku)),
};

/** A product of one kind has `prices`; one of several kinds has `variants`. It is published unless `status` says otherwise. */
export const Create = z
  .strictObject({ ...fields, sku: Sku })
  .partial()
  .required({ sku: true, title: true });
export type Create = z.infer<typeof Create>;

/** `null` takes a description or a category away. */
export const Update = z
  .strictObject({ ...fields, description: Prose.nullable(), category: Category.nullable() })
  .partial()
  .refine((changes) => Object.keys(changes).length > 0, "name at least one field to change");
export type Update = z.infer<typeof Update>;

/** Refuses each element of a list that has the key of an earlier one. */
function distinct<Element>(field: string | undefined, keyOf: (element: Element) => string) {
  return (elements: Element[], context: z.RefinementCtx) => {
    const keys = elements.map(keyOf);
    for (const [index, key] of keys.entries()) {
      if (keys.indexOf(key) === index) continue;
      const path = field === undefined ? [index] : [index, field];
      context.addIssue({ code: "custom", path, message: `${key} is there already` });
    }
  };
}
