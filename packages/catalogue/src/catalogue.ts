/** What `npm run events` and `npm run events:check` do, as functions of definitions and folders. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { Topology } from "@cartwright/topology";
import { asyncApiOf } from "./asyncapi.ts";
import type { Definitions } from "./contract.ts";
import { catalogueOf } from "./entry.ts";
import { CatalogueError } from "./fail.ts";
import { type Committed, readContract, toText, writeFiles } from "./folder.ts";
import { breaches, type Fault, news, sampleFaults, unrecordedFaults } from "./gate.ts";
import { pageOf } from "./page.ts";
import { contractAt } from "./revision.ts";

export interface Options {
  definitions: Definitions;
  contractFolder: string;
  docsFolder: string;
  /** As `npm run topology` records it. */
  topologyFile: string;
  /** A Git revision whose contract must be kept too, such as `origin/main`. */
  against?: string | undefined;
}

export interface Outcome {
  faults: Fault[];
  /** One line that says what was found or done, when there are no faults. */
  summary: string;
}

/** Looks and writes nothing. */
export async function check(options: Options): Promise<Outcome> {
  const { definitions, contractFolder, docsFolder, topologyFile, against } = options;
  const committed = await readContract(contractFolder);
  const broken = breaches(definitions, committed);
  // Who records a breach anew gets past what lies in the folder, and not past what others have.
  if (against !== undefined)
    broken.push(...unlike(broken, breaches(definitions, await contractAt(against, contractFolder))));
  // What is broken differs from what is recorded too, but must not be recorded.
  const unrecorded = broken.length > 0 ? [] : unrecordedFaults(definitions, committed);
  const contract = [...broken, ...unrecorded, ...sampleFaults(definitions, committed)];
  const faults = contract.length > 0 ? contract : await staleDocs(committed, docsFolder, topologyFile);
  return { faults, summary: `${counts(committed)}: contract kept` };
}

/** Writes what is new into the contract, and the documents; nothing at all when something is broken. */
export async function record({ definitions, contractFolder, docsFolder, topologyFile }: Options): Promise<Outcome> {
  const before = await readContract(contractFolder);
  const broken = breaches(definitions, before);
  if (broken.length > 0) return { faults: broken, summary: "" };
  const files = news(definitions, before);
  await writeFiles(contractFolder, files);
  const committed = await readContract(contractFolder);
  await writeFiles(docsFolder, docsOf(committed, await readTopology(topologyFile)));
  const faults = sampleFaults(definitions, committed);
  return { faults, summary: `${counts(committed)}: ${files.size} files of the contract written` };
}

function unlike(known: Fault[], faults: Fault[]): Fault[] {
  return faults.filter(({ message }) => !known.some((other) => other.message === message));
}

function docsOf(committed: Committed, topology: Topology): Map<string, string> {
  const catalogue = catalogueOf(committed, topology);
  return new Map([
    ["asyncapi.json", toText(asyncApiOf(catalogue))],
    ["README.md", pageOf(catalogue)],
  ]);
}

async function staleDocs(committed: Committed, docsFolder: string, topologyFile: string): Promise<Fault[]> {
  const docs = docsOf(committed, await readTopology(topologyFile));
  const faults = [...docs].map(async ([name, text]): Promise<Fault[]> => {
    const found = await readFile(path.join(docsFolder, name), "utf8").catch(() => "");
    if (found === text) return [];
    return [
      { message: `${path.join(docsFolder, name)} is stale`, advice: "run npm run events, and commit the result" },
    ];
  });
  return (await Promise.all(faults)).flat();
}

async function readTopology(file: string): Promise<Topology> {
  try {
    return Topology.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    throw new CatalogueError(`${file} can't be read as a topology: run npm run topology (${cause})`, { cause });
  }
}

function counts({ versions }: Committed): string {
  return `${new Set(versions.map(({ name }) => name)).size} events, ${versions.length} versions`;
}
