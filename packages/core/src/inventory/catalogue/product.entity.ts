import type { ProductVariant } from "@cartwright/events";
import { CustomAttributeType, Entity, type EntityItem, Service } from "electrodb";
import { Resource } from "sst";
import { dynamo } from "../../dynamo.ts";
import { lazy } from "../../lazy.ts";
import type { Info, Option } from "./schema.ts";

const key = { casing: "none" } as const;
const place = () => ({ client: dynamo(), table: Resource.InventoryTable.name });

/** Titles first, so that an index is read in their order. No title has a tab in it. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: ElectroDB fills it in.
const byTitle = { composite: ["titleKey", "sku"], template: "${titleKey}\t${sku}", ...key } as const;

/** By SKU; those of a status, and those of a status and category, by title. */
const products = lazy(
  () =>
    new Entity(
      {
        model: { service: "inventory", entity: "product", version: "2" },
        attributes: {
          sku: { type: "string", required: true },
          title: { type: "string", required: true },
          /** As the title is sorted and searched: see product-listing.ts. */
          titleKey: { type: "string", required: true },
          description: { type: "string" },
          /** Empty for none: ElectroDB wants all that an index is made of, though it leaves the item out of it. */
          category: { type: "string", required: true },
          attributes: { type: CustomAttributeType<{ name: string; value: string }[]>("any"), required: true },
          images: { type: CustomAttributeType<Info["images"]>("any"), required: true },
          status: { type: ["draft", "published", "retired"] as const, required: true },
          options: { type: CustomAttributeType<Option[]>("any"), required: true },
          variants: { type: CustomAttributeType<ProductVariant[]>("any"), required: true },
          version: { type: "number", required: true },
          outbox: { type: "string" },
        },
        indexes: {
          bySku: { pk: { field: "pk", composite: ["sku"], ...key }, sk: { field: "sk", composite: [], ...key } },
          // Shoppers browse what is for sale; drafts and retired products stay out of their way.
          byStatus: {
            index: "gsi1",
            // biome-ignore lint/suspicious/noTemplateCurlyInString: ElectroDB fills it in.
            pk: { field: "gsi1pk", composite: ["status"], template: "products/${status}", ...key },
            sk: { field: "gsi1sk", ...byTitle },
          },
          // They browse one category more often than all.
          byCategory: {
            index: "gsi2",
            condition: ({ category }) => category !== "",
            pk: {
              field: "gsi2pk",
              composite: ["status", "category"],
              // biome-ignore lint/suspicious/noTemplateCurlyInString: ElectroDB fills it in.
              template: "products/${status}/${category}",
              ...key,
            },
            sk: { field: "gsi2sk", ...byTitle },
          },
        },
      },
      place(),
    ),
);

/** By SKU: which product a name belongs to, for ever, whether it is the product's own or that of a variant. */
const claims = lazy(
  () =>
    new Entity(
      {
        model: { service: "inventory", entity: "claim", version: "1" },
        attributes: {
          sku: { type: "string", required: true },
          product: { type: "string", required: true },
        },
        indexes: {
          bySku: { pk: { field: "pk", composite: ["sku"], ...key }, sk: { field: "sk", composite: [], ...key } },
        },
      },
      place(),
    ),
);

/** Entities of one table, so that a product and its names are written in one transaction. */
export const catalogue = lazy(() => new Service({ products: products(), claims: claims() }));

export type ProductItem = EntityItem<ReturnType<typeof products>>;
