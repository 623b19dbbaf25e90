import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../../../..", import.meta.url));
export const committedFolder = path.join(repository, "packages/events/contract");
export const committedDocs = path.join(repository, "docs/events");
export const topologyFile = path.join(repository, "stacks/topology.json");

/** A copy of what is committed, to break; it is gone when the work is done. */
export async function withCopy<Result>(
  work: (copy: { contractFolder: string; docsFolder: string; topologyFile: string }) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(path.join(tmpdir(), "cartwright-catalogue-"));
  const copy = { contractFolder: path.join(folder, "contract"), docsFolder: path.join(folder, "docs"), topologyFile };
  try {
    await cp(committedFolder, copy.contractFolder, { recursive: true });
    await cp(committedDocs, copy.docsFolder, { recursive: true });
    return await work(copy);
  } finally {
    await rm(folder, { recursive: true });
  }
}

type Json = Record<string, unknown>;

/** Changes a file of the contract in place. */
export async function edit(folder: string, file: string, change: (json: Json & { data: Json }) => void): Promise<void> {
  const json = JSON.parse(await readFile(path.join(folder, file), "utf8"));
  change(json);
  await writeFile(path.join(folder, file), JSON.stringify(json));
}
