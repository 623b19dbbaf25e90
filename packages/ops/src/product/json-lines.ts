/** One product a line, as the API takes it; prices may be written as "14.50 EUR" too, and each variant has its stock. */
import { PriceError, parsePriceIn } from "./price.ts";
import type { TextRecord } from "./record.ts";
import type { Unit } from "./unit.ts";
import { faultsIn, WantedProduct } from "./wanted.ts";

export async function* jsonLines(records: AsyncIterable<TextRecord>): AsyncGenerator<Unit> {
  for await (const record of records) yield unitOf(record);
}

function unitOf({ line, text, fault }: TextRecord): Unit {
  const refuse = (reason: string, given: unknown = text): Unit => ({
    rows: [{ line, given, ...(isNamed(given) && { sku: given.sku }) }],
    faults: [{ line, reason }],
  });
  if (fault) return refuse(fault);
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    return refuse(`it is no JSON (${error instanceof Error ? error.message : error})`);
  }
  if (text.includes("\uFFFD")) return refuse("it holds text that is not UTF-8", given);
  try {
    const { data: product, error } = WantedProduct.safeParse(inMinorUnits(given));
    if (!product) return refuse(faultsIn(error), given);
    return { rows: [{ line, sku: product.sku, given }], product };
  } catch (error) {
    if (error instanceof PriceError) return refuse(error.message, given);
    throw error;
  }
}

function isNamed(given: unknown): given is { sku: string } {
  return typeof given === "object" && given !== null && "sku" in given && typeof given.sku === "string";
}

/** The product with its prices in minor units, and images that are only a URL as the API takes them. */
function inMinorUnits(given: unknown): unknown {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
  const { prices, variants, images, ...rest } = given as Record<string, unknown>;
  return {
    ...rest,
    ...(prices !== undefined && { prices: Array.isArray(prices) ? prices.map(priceOf) : prices }),
    ...(variants !== undefined && { variants: Array.isArray(variants) ? variants.map(inMinorUnits) : variants }),
    ...(images !== undefined && { images: Array.isArray(images) ? images.map(imageOf) : images }),
  };
}

const priceOf = (price: unknown) => (typeof price === "string" ? parsePriceIn(price) : price);
const imageOf = (image: unknown) => (typeof image === "string" ? { url: image } : image);
