import * as fs from "node:fs";
import * as path from "node:path";
import type { Recording, Topology } from "@cartwright/topology";

/** Which permissions were used, and by whom. */
export interface UsageRecorder {
  add(principal: string, action: string, resource: string): void;
  /** Writes what was added to a file of its own in the folder, for `npm run usage`. */
  writeTo(folder: string): void;
}

export function createUsageRecorder({ app, stage }: Pick<Topology, "app" | "stage">): UsageRecorder {
  const usage: Recording["usage"] = {};
  const known = new Set<string>();
  return {
    add(principal, action, resource) {
      const key = `${principal} ${action} ${resource}`;
      if (known.has(key)) return;
      known.add(key);
      usage[principal] ??= {};
      usage[principal][action] ??= [];
      usage[principal][action].push(resource);
    },
    writeTo(folder) {
      fs.mkdirSync(folder, { recursive: true });
      // Many processes write into one folder, so each recording gets a folder that nobody else has.
      const own = fs.mkdtempSync(path.join(folder, "run-"));
      const recording: Recording = { app, stage, usage };
      fs.writeFileSync(path.join(own, "usage.json"), JSON.stringify(recording));
    },
  };
}
