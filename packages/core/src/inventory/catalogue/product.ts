import { type Cause, ProductCreated, ProductUpdated } from "@cartwright/events";
import { now } from "../../clock.ts";
import { StaleVersionError } from "../../error.ts";
import { fact, record } from "../../outbox.ts";
import { titleKeyOf } from "./listing.ts";
import type { ProductItem } from "./product.entity.ts";
import { assortmentAfter, statusAfter } from "./rule.ts";
import type { Create, Info, Update } from "./schema.ts";
import { find, ownerOf, ProductNotFoundError, serialize, write } from "./store.ts";

export { StaleVersionError } from "../../error.ts";
export { type Browse, list } from "./listing.ts";
export { productTransitions } from "./rule.ts";
export { ProductExistsError, ProductNotFoundError } from "./store.ts";

type Content = Omit<ProductItem, "titleKey" | "version" | "outbox">;

/** Creates a product and takes its name and those of its variants; throws `ProductExistsError` for one that is taken. */
export async function create(input: Create, cause: Cause): Promise<Info> {
  const { sku, title, description, category = "", attributes = {}, images = [], status = "published" } = input;
  const content: Content = {
    ...{ sku, title, category, images, status },
    ...(description !== undefined && { description }),
    attributes: pairs(attributes),
    ...assortmentAfter(sku, input),
  };
  const told = record(sku, 0, now(), cause, [fact(ProductCreated, factOf(content))]);
  const item = { ...content, titleKey: titleKeyOf(title), ...told };
  await write(item, [...new Set([sku, ...skusOf(item)])]);
  return serialize(item);
}

/**
 * Changes a product that is still at `expectedVersion`; throws `StaleVersionError` when somebody was faster. It may be
 * named by the SKU of a variant, too.
 */
export async function update(name: string, input: Update, expectedVersion: number, cause: Cause): Promise<Info> {
  const before = await find(name);
  const { sku } = before;
  if (before.version !== expectedVersion) throw new StaleVersionError(sku, expectedVersion);
  const { title = before.title, category = before.category, attributes, images = before.images } = input;
  const description = input.description === undefined ? before.description : input.description;
  const content: Content = {
    ...{ sku, title, category: category ?? "", images },
    ...(typeof description === "string" && { description }),
    attributes: attributes ? pairs(attributes) : before.attributes,
    status: statusAfter(sku, before.status, input.status),
    ...assortmentAfter(sku, input, before),
  };
  const told = record(sku, expectedVersion, now(), cause, [fact(ProductUpdated, factOf(content))]);
  const item = { ...content, titleKey: titleKeyOf(title), ...told };
  const taken = new Set([sku, ...skusOf(before)]);
  await write(
    item,
    skusOf(item).filter((added) => !taken.has(added)),
    expectedVersion,
  );
  return serialize(item);
}

/** Throws `ProductNotFoundError` for a SKU that nothing is sold under; a variant that is retired was sold under its own. */
export async function assertVariant(sku: string): Promise<void> {
  const owner = await ownerOf(sku);
  if (owner === undefined) throw new ProductNotFoundError(sku);
  if (owner !== sku) return;
  const variants = skusOf(await find(sku));
  if (variants.includes(sku)) return;
  throw new ProductNotFoundError(sku, `nothing is sold as ${sku}: it comes as ${variants.join(", ")}`);
}

/** By its own name or that of a variant. Shoppers find what is for sale; staff find drafts and retired products too. */
export async function fromSku(sku: string, { staff }: { staff: boolean }): Promise<Info> {
  const item = await find(sku);
  if (item.status !== "published" && !staff) throw new ProductNotFoundError(sku);
  return serialize(item);
}

function factOf({ sku, title, status, category, variants }: Content) {
  return { sku, title, status, ...(category !== "" && { category }), variants };
}

function skusOf({ variants }: Pick<ProductItem, "variants">): string[] {
  return variants.map(({ sku }) => sku);
}

function pairs(attributes: Record<string, string>): { name: string; value: string }[] {
  return Object.entries(attributes).map(([name, value]) => ({ name, value }));
}
