/**
 * `npm run events` records what is new in the contract of events and writes docs/events. `npm run events:check` writes
 * nothing, and fails when the code breaks the contract or when something is not recorded. Both refuse to break what the
 * last commit holds, whatever lies in the folder; `--against origin/main` does so for another revision.
 */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { TopologyError } from "@cartwright/topology";
import { check, record } from "./catalogue.ts";
import { definitions } from "./contract.ts";
import { CatalogueError } from "./fail.ts";
import { isCommitted } from "./revision.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

try {
  const { values } = parseArgs({
    options: {
      check: { type: "boolean", default: false },
      against: { type: "string" },
      contract: { type: "string", default: path.join(root, "packages/events/contract") },
      docs: { type: "string", default: path.join(root, "docs/events") },
      topology: { type: "string", default: path.join(root, "stacks/topology.json") },
    },
  });
  const folders = { contractFolder: values.contract, docsFolder: values.docs, topologyFile: values.topology };
  const { against } = values;
  if (against !== undefined && !values.check) {
    throw new CatalogueError(
      "--against compares and records nothing: use npm run events:check -- --against <revision>",
    );
  }
  const revisions = [...(isCommitted(values.contract) ? ["HEAD"] : []), ...(against === undefined ? [] : [against])];
  const { faults, summary } = await (values.check ? check : record)({ definitions, against: revisions, ...folders });
  for (const { message, advice } of faults) console.error(`${message}\n  ${advice}`);
  if (faults.length > 0) process.exitCode = 1;
  else console.log(summary);
} catch (error) {
  const isTold = error instanceof CatalogueError || error instanceof TopologyError || isUsageError(error);
  console.error(isTold ? error.message : error);
  process.exitCode = 1;
}

function isUsageError(error: unknown): error is Error {
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}
