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
  /** Git revisions whose contracts must be kept too, such as `origin/main`. */
  against?: string[];
}

export interface Outcome {
  faults: Fault[];
  /** One line that says what was found or done, when there are no faults. */
  summary: string;
}

/** Looks and writes nothing. */
export async function check(options: Options): Promise<Outcome> {
  const { definitions, contractFolder, docsFolder, topologyFile } = options;
  const committed = await readContract(contractFolder);
  const broken = await allBreaches(options, committed);
  // What is broken differs from what is recorded too, but must not be recorded.
  const unrecorded = broken.length > 0 ? [] : unrecordedFaults(definitions, committed);
  const contract = [...broken, ...unrecorded, ...sampleFaults(definitions, committed)];
  const faults = contract.length > 0 ? contract : await staleDocs(committed, docsFolder, topologyFile);
  return { faults, summary: `${counts(committed)}: contract kept` };
}

/** Writes what is new into the contract, and the documents; nothing at all when something is broken. */
export async function record(options: Options): Promise<Outcome> {
  const { definitions, contractFolder, docsFolder, topologyFile } = options;
  const before = await readContract(contractFolder);
  const broken = await allBreaches(options, before);
  if (broken.length > 0) return { faults: broken, summary: "" };
  const files = news(definitions, before);
  await writeFiles(contractFolder, files);
  const committed = await readContract(contractFolder);
  const docs = docsOf(committed, await readTopology(topologyFile));
  const stale = await staleNames(docs, docsFolder);
  await writeFiles(docsFolder, docs);
  const written = [...files.keys(), ...stale];
  const told = written.length === 0 ? "nothing is new" : `wrote ${written.join(", ")}`;
  return { faults: sampleFaults(definitions, committed), summary: `${counts(committed)}: ${told}` };
}

/** Who records a breach anew gets past what lies in the folder, and not past what others have. */
async function allBreaches({ definitions, contractFolder, against = [] }: Options, committed: Committed) {
  const faults = breaches(definitions, committed);
  for (const revision of against) {
    faults.push(...unlike(faults, breaches(definitions, await contractAt(revision, contractFolder))));
  }
  return faults;
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
  return (await staleNames(docs, docsFolder)).map((name) => ({
    message: `${path.join(docsFolder, name)} is stale`,
    advice: "run npm run events, and commit the result",
  }));
}

async function staleNames(docs: Map<string, string>, folder: string): Promise<string[]> {
  const names = [...docs].map(async ([name, text]) => {
    const found = await readFile(path.join(folder, name), "utf8").catch(() => "");
    return found === text ? [] : [name];
  });
  return (await Promise.all(names)).flat();
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
