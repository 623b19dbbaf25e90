import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { CatalogueError } from "./fail.ts";
import { type Committed, readContract } from "./folder.ts";

/** The contract as it was at a Git revision. Throws when Git does not know it, or has no contract there. */
export async function contractAt(revision: string, folder: string): Promise<Committed> {
  const unpacked = mkdtempSync(path.join(tmpdir(), "cartwright-contract-"));
  try {
    const tree = treeAt(revision, folder);
    const top = git(["rev-parse", "--show-toplevel"], path.dirname(folder)).toString().trim();
    execFileSync("tar", ["-x", "-C", unpacked], { input: git(["archive", tree], top) });
    return await readContract(unpacked);
  } catch (cause) {
    throw new CatalogueError(
      `the contract in ${folder} can't be read as of the Git revision ${JSON.stringify(revision)} (${told(cause)}): name one that has it, such as origin/main`,
      { cause },
    );
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

/** Whether Git has a contract in its last commit. A copy of the project without Git has none. */
export function isCommitted(folder: string): boolean {
  try {
    treeAt("HEAD", folder);
    return true;
  } catch {
    return false;
  }
}

/** A leading dash can't pass for an option. The folder itself may be gone; Git still has it. */
function treeAt(revision: string, folder: string): string {
  const commit = git(["rev-parse", "--verify", "--end-of-options", `${revision}^{commit}`], path.dirname(folder));
  const within = `${commit.toString().trim()}:./${path.basename(folder)}`;
  return git(["rev-parse", "--verify", within], path.dirname(folder)).toString().trim();
}

function git(words: string[], cwd: string): Buffer {
  return execFileSync("git", words, { cwd, stdio: ["ignore", "pipe", "pipe"], maxBuffer: 64 * 1024 * 1024 });
}

function told(cause: unknown): string {
  return (cause as { stderr?: Buffer }).stderr?.toString().trim() || String(cause);
}
