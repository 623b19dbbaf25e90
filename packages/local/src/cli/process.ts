import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Topology, TopologyError } from "@cartwright/topology";

/** Reads the committed record of the stacks. */
export function readTopology(): Topology {
  const file = resolve("stacks/topology.json");
  try {
    return Topology.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new TopologyError(
      `${file} is missing or can't be read (${reason}). Restore it with git checkout, or record it again: npm run topology`,
      { cause },
    );
  }
}

/** Errors that a person can act on are told in their own words; anything else shows where it came from. */
export function exitWithReason(error: unknown): never {
  const known = error instanceof Error && error.name !== "Error" && error.name !== "TypeError";
  console.error(known ? `\n${error.message}` : error);
  process.exit(1);
}

/** npm may be killed without a chance to tell us; then nobody is left who could stop us. */
export function watchParent(): void {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1);
  }, 500).unref();
}
