import type { Topology } from "../model.ts";
import type { Usage } from "../usage.ts";

/** What was used of the topology `from`, by the ARNs that the same things have in another stage. */
export function usageIn(usage: Usage, from: Topology, to: Topology): Usage {
  const renamed = pairs(from, to);
  const translated = (resource: string) => {
    const pair = renamed.find(
      ([old]) => resource === old || resource.startsWith(`${old}/`) || resource.startsWith(`${old}:`),
    );
    return pair ? pair[1] + resource.slice(pair[0].length) : resource;
  };
  return Object.fromEntries(
    Object.entries(usage).map(([by, actions]) => [
      by,
      Object.fromEntries(Object.entries(actions).map(([action, resources]) => [action, resources.map(translated)])),
    ]),
  );
}

const parts = ["archives", "buses", "functions", "machines", "queues", "tables", "topics", "userPools"] as const;

function pairs(from: Topology, to: Topology): [string, string][] {
  return parts.flatMap((part) =>
    Object.entries(from[part]).flatMap(([name, { arn }]): [string, string][] => {
      const same = to[part][name];
      return same ? [[arn, same.arn]] : [];
    }),
  );
}
