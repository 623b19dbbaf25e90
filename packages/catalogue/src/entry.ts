/** The catalogue's content: what is committed, together with who publishes and who consumes it. */
import { type Subscriber, subscribersOf, type Topology } from "@cartwright/topology";
import { CatalogueError } from "./fail.ts";
import { type Committed, fileOf } from "./folder.ts";
import { isObject, type JsonSchema } from "./json-schema.ts";
import { domainOf, publisherOf } from "./publisher.ts";

export interface Entry {
  name: string;
  domain: string;
  source: string;
  description: string;
  publisher: string;
  subscribers: Subscriber[];
  /** From the newest to the first. */
  versions: { version: number; schema: JsonSchema; sample: Record<string, unknown> }[];
}

export interface Catalogue {
  envelope: JsonSchema;
  /** By domain and name. */
  entries: Entry[];
}

/** In the order of a sale: somebody signs up, finds a product, orders it, pays for it. Other domains come after these. */
const domains = ["user", "inventory", "order", "payment"];

/** Reads nothing but what is committed, so that the documents tell of that and never of something half done. */
export function catalogueOf(committed: Committed, topology: Topology): Catalogue {
  if (!committed.envelope) throw new CatalogueError("envelope.schema.json is missing: run npm run events");
  const names = [...new Set(committed.versions.map(({ name }) => name))];
  const entries = names.map((name) => entryOf(name, committed, topology));
  entries.sort((one, other) => rankOf(one) - rankOf(other) || (one.name < other.name ? -1 : 1));
  return { envelope: committed.envelope, entries };
}

function rankOf({ domain }: Entry): number {
  return domains.includes(domain) ? domains.indexOf(domain) : domains.length;
}

function entryOf(name: string, committed: Committed, topology: Topology): Entry {
  const versions = committed.versions
    .filter((version) => version.name === name)
    .map(({ version, schema, sample }) => {
      if (!schema) throw new CatalogueError(`${fileOf(name, version, "schema")} is missing: run npm run events`);
      if (!isObject(sample))
        throw new CatalogueError(`${fileOf(name, version, "sample")} is missing: run npm run events`);
      return { version, schema, sample };
    })
    .reverse();
  const today = versions[0]!;
  const source = String(today.sample.source);
  const published = { name, source };
  return {
    name,
    domain: domainOf(source),
    source,
    description: String(today.schema.description ?? ""),
    publisher: publisherOf(topology, published),
    subscribers: subscribersOf(topology).filter(({ takes }) => takes(published)),
    versions,
  };
}
