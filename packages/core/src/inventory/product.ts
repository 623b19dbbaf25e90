import { type Cause, ProductCreated, ProductUpdated, Sku } from "@cartwright/events";
import { createConversions } from "electrodb";
import * as z from "zod";
import { isConditionFailure, reaching } from "../aws-fault.ts";
import { now } from "../clock.ts";
import { decodeCursor, encodeCursor, type Page } from "../cursor.ts";
import { DomainError } from "../error.ts";
import { fact, record } from "../outbox.ts";
import { type ProductItem, products } from "./inventory.entity.ts";
import type { Create, Info, Update } from "./schema.ts";

export class ProductNotFoundError extends DomainError {
  override name = "ProductNotFoundError";
  constructor(sku: string) {
    super("not_found", "product_not_found", `there is no product ${sku}`);
  }
}

export class ProductExistsError extends DomainError {
  override name = "ProductExistsError";
  constructor(sku: string) {
    super("conflict", "product_exists", `there is a product ${sku} already: change it with PATCH`);
  }
}

export class StaleVersionError extends DomainError {
  override name = "StaleVersionError";
  constructor(subject: string, expected: number) {
    super("conflict", "stale_version", `${subject} is no longer at version ${expected}: read it again`);
  }
}

export async function create(input: Create, cause: Cause): Promise<Info> {
  const { sku, title, price, status } = input;
  const written = record(sku, 0, now(), cause, [fact(ProductCreated, input)]);
  const item = { sku, title, amountMinor: price.amount, currency: price.currency, status, ...written };
  try {
    await reaching("products", products().create(item).go());
  } catch (error) {
    if (isConditionFailure(error)) throw new ProductExistsError(sku);
    throw error;
  }
  return serialize(item);
}

/** Changes a product that is still at `expectedVersion`; throws `StaleVersionError` when somebody was faster. */
export async function update(sku: string, input: Update, expectedVersion: number, cause: Cause): Promise<Info> {
  const before = await find(sku);
  if (before.version !== expectedVersion) throw new StaleVersionError(sku, expectedVersion);
  const current = serialize(before);
  const { title = current.title, price = current.price, status = current.status } = input;
  const written = record(sku, expectedVersion, now(), cause, [fact(ProductUpdated, { sku, title, price, status })]);
  const set = { title, amountMinor: price.amount, currency: price.currency, status, ...written };
  const patch = products()
    .patch({ sku })
    .set(set)
    .where(({ version }, { eq }) => eq(version, expectedVersion))
    .go();
  try {
    await reaching("products", patch);
  } catch (error) {
    if (isConditionFailure(error)) throw new StaleVersionError(sku, expectedVersion);
    throw error;
  }
  return serialize({ ...before, ...set });
}

/** Shoppers find what is for sale; staff find drafts and retired products too. */
export async function fromSku(sku: string, { staff }: { staff: boolean }): Promise<Info> {
  const item = await find(sku);
  if (item.status !== "published" && !staff) throw new ProductNotFoundError(sku);
  return serialize(item);
}

export async function list(options: { limit: number; cursor?: string | undefined }): Promise<Page<Info>> {
  const status = "published" as const;
  const after = options.cursor && decodeCursor(options.cursor, "products", Position);
  const cursor = after
    ? createConversions(products()).byAccessPattern.byStatus.fromComposite.toCursor({ status, ...after })
    : null;
  const query = products().query.byStatus({ status }).go({ limit: options.limit, cursor });
  const { data, cursor: more } = await reaching("products", query);
  const last = data.at(-1);
  const nextCursor = more && last && encodeCursor("products", { sku: last.sku });
  return { items: data.map(serialize), ...(nextCursor && { nextCursor }) };
}

/** Where a page of the catalogue ended. */
const Position = z.strictObject({ sku: Sku });

async function find(sku: string): Promise<ProductItem> {
  const { data } = await reaching("products", products().get({ sku }).go({ consistent: true }));
  if (!data) throw new ProductNotFoundError(sku);
  return data;
}

function serialize({ sku, title, amountMinor, currency, status, version }: ProductItem): Info {
  return { sku, title, price: { amount: amountMinor, currency }, status, version };
}
