/** A product as a file or a seed wants it. What is left out stays as it is. */
import * as z from "zod";

const Price = z.strictObject({
  amount: z.int().nonnegative().max(1_000_000_000),
  currency: z.string().regex(/^[A-Z]{3}$/, "expected an ISO 4217 code such as EUR"),
});
export type Money = z.infer<typeof Price>;

const Sku = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected letters, digits and . _ - (at most 64)");

const Line = (maximumLength: number) => z.string().trim().min(1).max(maximumLength);
const Name = Line(50);

const Prices = z
  .array(Price)
  .min(1)
  .max(20)
  .refine((all) => new Set(all.map(({ currency }) => currency)).size === all.length, "one price for each currency");

/** Units on hand to begin with, of what has never moved. */
const Stock = z.int().min(0).max(1_000_000);

const WantedVariant = z.strictObject({
  sku: Sku,
  options: z.record(Name, Name).default({}),
  prices: Prices.optional(),
  retired: z.boolean().optional(),
  stock: Stock.optional(),
});
export type WantedVariant = z.infer<typeof WantedVariant>;

/**
 * What can be told without the API; the last word is the API's. A product of one kind has `prices` and `stock` of its own,
 * one of several kinds has `variants`.
 */
export const WantedProduct = z
  .strictObject({
    sku: Sku,
    title: Line(200).optional(),
    /** `null` takes it away. */
    description: Line(5000).nullable().optional(),
    category: z
      .string()
      .max(50)
      .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "expected lower-case letters and digits, joined by -, such as tea-pots")
      .nullable()
      .optional(),
    status: z.enum(["draft", "published", "retired"]).optional(),
    attributes: z.record(Name, Line(200)).optional(),
    images: z
      .array(
        z.strictObject({ url: z.url({ protocol: /^https$/, normalize: true }).max(1000), alt: Line(200).optional() }),
      )
      .max(20)
      .optional(),
    options: z.array(z.strictObject({ name: Name, values: z.array(Name).min(1) })).optional(),
    prices: Prices.optional(),
    stock: Stock.optional(),
    variants: z.array(WantedVariant).min(1).max(90).optional(),
  })
  .superRefine(({ prices, stock, variants }, context) => {
    if (!variants) return;
    const message = "a product with variants has none of its own";
    if (prices) context.addIssue({ code: "custom", path: ["prices"], message });
    if (stock !== undefined) context.addIssue({ code: "custom", path: ["stock"], message });
    const skus = variants.map(({ sku }) => sku);
    const twice = skus.findIndex((sku, at) => skus.indexOf(sku) !== at);
    if (twice < 0) return;
    context.addIssue({ code: "custom", path: ["variants", twice, "sku"], message: `${skus[twice]} is there already` });
  });
export type WantedProduct = z.infer<typeof WantedProduct>;

/** All SKUs that it brings into the catalogue: its own, and those of its variants. */
export function skusOf({ sku, variants = [] }: WantedProduct): string[] {
  return [...new Set([sku, ...variants.map((variant) => variant.sku)])];
}

/** The faults of what does not fit, in one line. */
export function faultsIn({ issues }: Pick<z.ZodError, "issues">): string {
  return issues
    .map((issue) => {
      if (issue.code === "unrecognized_keys") return `there is no field ${issue.keys.join(", ")}`;
      return issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : issue.message;
    })
    .join("; ");
}
