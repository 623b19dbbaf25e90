import type { Topology } from "@cartwright/topology";

export interface LocalAddresses {
  apiUrl: string;
  endpointUrl: string;
}

type Links = Topology["links"];

export function queueUrl(endpointUrl: string, account: string, queueName: string): string {
  return `${endpointUrl}/${account}/${queueName}`;
}

export function issuerUrl(endpointUrl: string, poolId: string): string {
  return `${endpointUrl}/${poolId}`;
}

/**
 * The recorded links with this machine's addresses in place of AWS's. A secret's value may be given in the environment
 * as CARTWRIGHT_SECRET_<Name>; otherwise it is the recorded placeholder.
 */
export function localLinks(topology: Topology, addresses: LocalAddresses, environment: NodeJS.ProcessEnv): Links {
  const rewrite = addressRewriter(topology, addresses);
  const links = Object.entries(topology.links).map(([name, properties]) => {
    const secret = environment[`CARTWRIGHT_SECRET_${name}`];
    const isSecret = String(properties.type).endsWith(".Secret");
    return [name, isSecret && secret !== undefined ? { ...properties, value: secret } : rewrite(properties)];
  });
  return Object.fromEntries(links) as Links;
}

/** Replaces addresses in every string of a structure, wherever they begin one. */
export function addressRewriter(topology: Topology, addresses: LocalAddresses): <Value>(value: Value) => Value {
  const replacements: [recorded: string, local: string][] = [
    ...Object.values(topology.queues).map((queue): [string, string] => [
      queue.url,
      queueUrl(addresses.endpointUrl, topology.account, queue.name),
    ]),
    ...Object.values(topology.apis).map((api): [string, string] => [api.endpoint, addresses.apiUrl]),
    ...Object.values(topology.userPools).map((pool): [string, string] => [
      pool.issuer,
      issuerUrl(addresses.endpointUrl, pool.id),
    ]),
  ];
  // The longest match is the right one where one recorded address begins another.
  replacements.sort(([a], [b]) => b.length - a.length);

  function rewrite(value: unknown): unknown {
    if (typeof value === "string") {
      const match = replacements.find(([recorded]) => value.startsWith(recorded));
      return match ? match[1] + value.slice(match[0].length) : value;
    }
    if (Array.isArray(value)) return value.map(rewrite);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rewrite(inner)]));
  }
  return (value) => rewrite(value) as typeof value;
}
