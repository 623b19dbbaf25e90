/** Brings one product of the catalogue to what is wanted, and leaves alone what is so already. */
import { isDeepStrictEqual } from "node:util";
import { type Client, ProblemError } from "@cartwright/client";
import { RefusedError } from "../io.ts";
import type { WantedProduct, WantedVariant } from "./wanted.ts";

export type Outcome = "created" | "updated" | "unchanged";

type Product = Awaited<ReturnType<Client["products"]["get"]>>;
type Creation = Parameters<Client["products"]["create"]>[0];
type Changes = Parameters<Client["products"]["update"]>[2];
type Variants = NonNullable<Changes["variants"]>;

/** What is wanted can't be had, and asking again changes nothing. */
export class UnwantableError extends RefusedError {
  override name = "UnwantableError";
}

/** Somebody else may create or change it at the same time: then it is looked at again. */
const maximumLooks = 5;

/**
 * Creates the product or changes what differs, and gives it its stock to begin with. Safe to repeat, and after a crash.
 * What is as wanted costs one read, and one more for each SKU with stock. Throws `UnwantableError`, and the API's errors.
 */
export async function putProduct(client: Client, wanted: WantedProduct): Promise<Outcome> {
  const outcome = await putContent(client, wanted);
  const stocked = wanted.variants ?? [wanted];
  for (const { sku, stock = 0 } of stocked) if (stock > 0) await giveFirstStock(client, sku, stock);
  return outcome;
}

async function putContent({ products }: Client, wanted: WantedProduct): Promise<Outcome> {
  for (let look = 1; ; look++) {
    const before = await products.get(wanted.sku).catch(unless("product_not_found"));
    try {
      if (!before) {
        await products.create(creationOf(wanted));
        return "created";
      }
      const changes = changesOf(before, wanted);
      if (Object.keys(changes).length === 0) return "unchanged";
      await products.update(wanted.sku, before.version, changes);
      return "updated";
    } catch (error) {
      const code = error instanceof ProblemError ? error.code : undefined;
      const isOvertaken = code === "stale_version" || (code === "product_exists" && !before);
      if (!isOvertaken || look === maximumLooks) throw error;
    }
  }
}

function creationOf({ stock: _, title, description, category, ...wanted }: WantedProduct): Creation {
  if (title === undefined) throw new UnwantableError(`${wanted.sku} is new, and a new product has a title`);
  const { variants, ...rest } = wanted;
  return {
    ...defined({ ...rest, description: description ?? undefined, category: category ?? undefined }),
    ...{ sku: wanted.sku, title },
    ...(variants && { variants: variants.map((variant) => variantAfter(undefined, variant)) }),
  };
}

/** What differs alone. Variants that are not mentioned stay as they are. */
function changesOf(before: Product, wanted: WantedProduct): Changes {
  if (before.sku !== wanted.sku) throw new UnwantableError(`${wanted.sku} is a variant of ${before.sku}`);
  const { title, description, category, status, attributes, options } = wanted;
  return defined({
    title: differing(before.title, title),
    description: differing(before.description ?? null, description),
    category: differing(before.category ?? null, category),
    status: differing(before.status, status),
    attributes: differing(before.attributes, attributes),
    options: differing(before.options, options),
    images: differing(before.images, imagesAfter(before, wanted)),
    prices: before.variants.length === 1 ? differing(before.variants[0]!.prices, wanted.prices) : wanted.prices,
    variants: differing(before.variants, variantsAfter(before, wanted)),
  });
}

/** `wanted`, unless there is nothing to do. */
function differing<Value>(before: unknown, wanted: Value | undefined): Value | undefined {
  return isDeepStrictEqual(before, wanted) ? undefined : wanted;
}

/** Whoever tells only where a picture is leaves its description as it is. */
function imagesAfter(before: Product, { images }: WantedProduct): Product["images"] | undefined {
  return images?.map(({ url, alt = before.images.find((image) => image.url === url)?.alt }) => ({
    url,
    ...(alt !== undefined && { alt }),
  }));
}

function variantsAfter(before: Product, { variants }: WantedProduct): Variants | undefined {
  if (!variants) return undefined;
  const wanted = new Map(variants.map((variant) => [variant.sku, variant]));
  const known = before.variants.map((variant) => variantAfter(variant, wanted.get(variant.sku)));
  const knownSkus = new Set(known.map(({ sku }) => sku));
  const added = variants.filter(({ sku }) => !knownSkus.has(sku));
  return [...known, ...added.map((variant) => variantAfter(undefined, variant))];
}

function variantAfter(before: Product["variants"][number], wanted?: WantedVariant): Variants[number];
function variantAfter(before: undefined, wanted: WantedVariant): Variants[number];
function variantAfter(before?: Product["variants"][number], wanted?: WantedVariant): Variants[number] {
  const sku = wanted?.sku ?? before!.sku;
  const prices = wanted?.prices ?? before?.prices;
  if (!prices) throw new UnwantableError(`${sku} is new, and a new variant has prices`);
  const told = wanted && Object.keys(wanted.options).length > 0 ? wanted.options : undefined;
  return {
    ...{ sku, prices, options: told ?? before?.options ?? {} },
    retired: wanted?.retired ?? before?.retired ?? false,
  };
}

/** Only what has never moved has a stock to begin with: neither a repetition nor another person's import adds to it. */
async function giveFirstStock({ products }: Client, sku: string, stock: number): Promise<void> {
  const { items } = await products.stockMovements(sku, { limit: 1 });
  if (items.length > 0) return;
  const opening = { delta: stock, reason: "opening stock", expectedQuantity: 0 };
  await products
    .adjustStock(sku, opening, `opening-stock-${sku}`)
    .catch(unless("unexpected_quantity", "idempotency_key_reused"));
}

function unless(...codes: string[]) {
  return (error: unknown): undefined => {
    if (!(error instanceof ProblemError && codes.includes(error.code))) throw error;
  };
}

type Defined<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

function defined<Fields extends object>(fields: Fields): Defined<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<Fields>;
}
