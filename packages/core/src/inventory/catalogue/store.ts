import { reaching } from "../../aws-fault.ts";
import { untilUncontended } from "../../contention.ts";
import { DomainError, StaleVersionError, TooLargeError } from "../../error.ts";
import { catalogue, type ProductItem } from "./product.entity.ts";
import { Info } from "./schema.ts";

export class ProductNotFoundError extends DomainError {
  override name = "ProductNotFoundError";
  constructor(sku: string, message = `there is no product ${sku}`) {
    super("not_found", "product_not_found", message);
  }
}

export class ProductExistsError extends DomainError {
  override name = "ProductExistsError";
  constructor(readonly skus: string[]) {
    const told = `${skus.join(", ")}: there is a product or a variant of this name already, and a name is taken for ever`;
    super("conflict", "product_exists", told);
  }
}

/** An item of DynamoDB has 400 KB, by a count of its own which is never above that of JSON. */
const maximumBytes = 400 * 1000;

/** By its own name, or by that of a variant. */
export async function find(sku: string): Promise<ProductItem> {
  const named = await read(sku);
  if (named) return named;
  const owner = await ownerOf(sku);
  const product = owner === undefined || owner === sku ? undefined : await read(owner);
  if (!product) throw new ProductNotFoundError(sku);
  return product;
}

/** The product that a name belongs to. */
export async function ownerOf(sku: string): Promise<string | undefined> {
  const { data } = await reaching("products", catalogue().entities.claims.get({ sku }).go({ consistent: true }));
  return data?.product;
}

/**
 * Writes a product and takes `names` for it, all or nothing: a new one, or one that is still at `expectedVersion`.
 * Throws `ProductExistsError` for names that are taken, `StaleVersionError` when somebody was faster, `TooLargeError`.
 */
export async function write(item: ProductItem, names: string[], expectedVersion?: number): Promise<void> {
  const { sku } = item;
  const bytes = Buffer.byteLength(JSON.stringify(item));
  if (bytes > maximumBytes) {
    throw new TooLargeError(`${sku} would take ${bytes} bytes; a product has at most ${maximumBytes}`);
  }
  const transact = () =>
    catalogue()
      .transaction.write(({ products, claims }) => [
        expectedVersion === undefined
          ? products.create(item).commit()
          : products
              .put(item)
              .where(({ version }, { eq }) => eq(version, expectedVersion))
              .commit(),
        ...names.map((name) => claims.create({ sku: name, product: sku }).commit()),
      ])
      .go();
  const { canceled, data } = await untilUncontended(`the product ${sku}`, () => reaching("products", transact()));
  if (!canceled) return;
  const [product, ...claims] = data.map((outcome) => outcome?.code === "ConditionalCheckFailed");
  if (product && expectedVersion !== undefined) throw new StaleVersionError(sku, expectedVersion);
  throw new ProductExistsError(names.filter((_, index) => claims[index]));
}

/** Parsed, because the table keeps no order of keys, and caches compare what is answered. */
export function serialize({ category, ...item }: ProductItem): Info {
  return Info.parse({
    ...item,
    ...(category !== "" && { category }),
    attributes: record(item.attributes),
    variants: item.variants.map((variant) => ({ ...variant, options: record(variant.options) })),
  });
}

async function read(sku: string): Promise<ProductItem | undefined> {
  const { data } = await reaching("products", catalogue().entities.products.get({ sku }).go({ consistent: true }));
  return data ?? undefined;
}

function record(pairs: readonly { name: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(pairs.map(({ name, value }) => [name, value]));
}
