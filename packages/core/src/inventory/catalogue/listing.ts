import { Sku } from "@cartwright/events";
import { createConversions } from "electrodb";
import * as z from "zod";
import { reaching } from "../../aws-fault.ts";
import { readAll } from "../../batch.ts";
import { anybody, keysIn, type Page, type Paging, pageOf } from "../../cursor.ts";
import { fingerprintOf } from "../../fingerprint.ts";
import { catalogue, type ProductItem } from "./product.entity.ts";
import type { Info } from "./schema.ts";
import { serialize } from "./store.ts";

export interface Browse extends Paging {
  category?: string | undefined;
  /** What titles begin with, whatever their case and accents. */
  prefix?: string | undefined;
}

/** What is for sale, by title. A page may have fewer items than `limit`; the last one alone has no `nextCursor`. */
export function list({ category, prefix = "", ...options }: Browse): Promise<Page<Info>> {
  const shelf = { category, prefix: titleKeyOf(prefix) };
  return pageOf(
    {
      binding: `products/${fingerprintOf(shelf)}`,
      position: positionOn(shelf),
      find: (after, limit) => placesOn(shelf, after, limit),
      read: async (places) => (await read(places)).filter((item) => isOn(shelf, item)).map(serialize),
    },
    { ...options, reader: anybody },
  );
}

/** A key of an index has 1 KB, of which the SKU and what separates it take a few bytes. */
const maximumKeyBytes = 900;

/** A title as it is sorted and searched: without case, accents and the difference between one way to write it and another. */
export function titleKeyOf(title: string): string {
  const plain = title
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replaceAll("ς", "σ")
    .replace(/\s+/g, " ")
    .trimStart();
  // A stream keeps back the bytes of a character that is cut in two.
  return new TextDecoder().decode(new TextEncoder().encode(plain).subarray(0, maximumKeyBytes), { stream: true });
}

interface Shelf {
  category: string | undefined;
  prefix: string;
}

/** A place in the order of titles. DynamoDB refuses to go on from outside of what is asked for. */
function positionOn({ prefix }: Shelf) {
  const titleKey = z.string().refine((key) => key.startsWith(prefix) && Buffer.byteLength(key) <= maximumKeyBytes);
  return z.strictObject({ titleKey, sku: Sku });
}

type Place = z.infer<ReturnType<typeof positionOn>>;

/** The index follows the products by a moment, and this one may have been moved or retired since. */
function isOn({ category, prefix }: Shelf, item: ProductItem): boolean {
  const isThere = category === undefined || item.category === category;
  return isThere && item.status === "published" && item.titleKey.startsWith(prefix);
}

/** The indexes hold keys alone, which name the places. */
async function placesOn({ category, prefix }: Shelf, after: Place | undefined, limit: number): Promise<Place[]> {
  const { products } = catalogue().entities;
  const indexes = createConversions(products).byAccessPattern;
  const shelf = { status: "published" as const, category: category ?? "" };
  const index = category === undefined ? indexes.byStatus : indexes.byCategory;
  const all = category === undefined ? products.query.byStatus(shelf) : products.query.byCategory(shelf);
  const query = prefix === "" ? all : all.begins({ titleKey: prefix });
  const cursor = after ? index.fromComposite.toCursor({ ...shelf, ...after }) : null;
  const { data } = await reaching("products", query.go({ data: "includeKeys", limit, cursor }));
  return keysIn(data).map((keys) => {
    const { titleKey, sku } = index.fromKeys.toComposite<Place>(keys);
    return { titleKey, sku };
  });
}

function read(places: readonly Place[]): Promise<ProductItem[]> {
  const keys = places.map(({ sku }) => ({ sku }));
  return readAll("products", keys, (some) => catalogue().entities.products.get(some).go());
}
