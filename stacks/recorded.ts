import { readFileSync } from "node:fs";
import { Topology } from "@cartwright/topology";

/** The stacks as they are committed, for tests of what they promise. */
export const topology = Topology.parse(JSON.parse(readFileSync(new URL("topology.json", import.meta.url), "utf8")));
