/** Who publishes an event, as the recorded topology says. */
import type { Topology } from "@cartwright/topology";
import { CatalogueError } from "./fail.ts";

/** `order` for `cartwright.order`. */
export function domainOf(source: string): string {
  return source.slice(source.indexOf(".") + 1);
}

/** The relay of an event's domain: the function that reads the stream of the domain's table. */
export function publisherOf(topology: Topology, { name, source }: { name: string; source: string }): string {
  const domain = domainOf(source);
  const table = `${domain.charAt(0).toUpperCase()}${domain.slice(1)}Table`;
  const stream = topology.tables[table]?.stream?.arn;
  const readers = Object.values(topology.mappings).filter((mapping) => stream && mapping.source === stream);
  const relays = Object.entries(topology.functions).filter(
    ([, { arn, handler }]) => handler.endsWith("/relay.handler") && readers.some((reader) => reader.function === arn),
  );
  const [relay] = relays;
  if (relay) return relay[0];
  throw new CatalogueError(
    `nothing publishes ${name}: expected a relay that reads the stream of ${table}, the table of ${source}`,
  );
}
