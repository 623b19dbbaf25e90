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
    // Run inside the folder, Git archives that folder alone, and a leading dash can't pass for an option.
    const tree = git(["rev-parse", "--verify", "--end-of-options", `${revision}^{tree}`], folder)
      .toString()
      .trim();
    execFileSync("tar", ["-x", "-C", unpacked], { input: git(["archive", tree], folder) });
    return await readContract(unpacked);
  } catch (cause) {
    const told = (cause as { stderr?: Buffer }).stderr?.toString().trim() || String(cause);
    throw new CatalogueError(
      `the contract in ${folder} can't be read as of the Git revision ${JSON.stringify(revision)} (${told}): name one that has it, such as origin/main`,
      { cause },
    );
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

function git(words: string[], cwd: string): Buffer {
  return execFileSync("git", words, { cwd, stdio: ["ignore", "pipe", "pipe"], maxBuffer: 64 * 1024 * 1024 });
}
