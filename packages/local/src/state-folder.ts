import * as fs from "node:fs";
import * as path from "node:path";

export class StateFolderError extends Error {
  override readonly name = "StateFolderError";
}

export class FolderInUseError extends Error {
  override readonly name = "FolderInUseError";
}

export interface StateFolder {
  path: string;
  release(): void;
}

/** What the parts of the runtime write here. Whatever else lies in a folder is not ours to forget. */
const ownEntries = /^(dynamodb\.|runtime\.sqlite|functions$|log\.jsonl|lock)/;

/**
 * Takes the folder for this process by a lock file that holds its pid. A lock whose process is gone is taken over.
 * With `fresh` all earlier state is forgotten, once the folder is taken. Throws StateFolderError when the folder can't
 * be written or holds what is not ours to forget, FolderInUseError when somebody else has it.
 */
export function takeStateFolder(folder: string, { fresh = false } = {}): StateFolder {
  const lockPath = path.join(folder, "lock");
  try {
    // The store holds the signing key and the hashes of passwords.
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (fresh) refuseForeign(folder);
    // Two tries: the second follows the removal of a stale lock.
    if (!createLock(lockPath)) {
      refuseLiveOwner(folder, lockPath);
      fs.rmSync(lockPath, { force: true });
      if (!createLock(lockPath)) throw inUse(folder, readOwner(lockPath));
    }
  } catch (cause) {
    if (cause instanceof FolderInUseError || cause instanceof StateFolderError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StateFolderError(
      `The state folder ${folder} can't be written (${reason}). Choose another folder, or mend its permissions.`,
      { cause },
    );
  }
  if (fresh) forget(folder);
  return {
    path: folder,
    release: () => {
      if (readOwner(lockPath) === process.pid) fs.rmSync(lockPath, { force: true });
      held.delete(lockPath);
    },
  };
}

function refuseForeign(folder: string): void {
  const foreign = fs.readdirSync(folder).filter((entry) => !ownEntries.test(entry));
  if (foreign.length === 0) return;
  throw new StateFolderError(
    `The folder ${folder} holds what Cartwright didn't write (${foreign.slice(0, 3).join(", ")}): choose another folder, or begin anew by hand.`,
  );
}

function forget(folder: string): void {
  for (const entry of fs.readdirSync(folder)) {
    if (!entry.startsWith("lock")) fs.rmSync(path.join(folder, entry), { recursive: true, force: true });
  }
}

/** Locks of this very process: its pid in a lock file is stale unless it is one of these. */
const held = new Set<string>();

function createLock(lockPath: string): boolean {
  // The link appears with its content in it, so that nobody can read a lock without a pid.
  const draft = `${lockPath}.${process.pid}`;
  fs.writeFileSync(draft, String(process.pid));
  try {
    fs.linkSync(draft, lockPath);
    held.add(lockPath);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

function refuseLiveOwner(folder: string, lockPath: string): void {
  const owner = readOwner(lockPath);
  if (owner === undefined) return;
  const alive = owner === process.pid ? held.has(lockPath) : isAlive(owner);
  if (alive) throw inUse(folder, owner);
}

function inUse(folder: string, owner: number | undefined): FolderInUseError {
  const who = owner === undefined ? "another process" : `process ${owner}`;
  return new FolderInUseError(
    `The state folder ${folder} is in use by ${who}. Stop that one, or start with another folder.`,
  );
}

function readOwner(lockPath: string): number | undefined {
  try {
    const pid = Number(fs.readFileSync(lockPath, "utf8"));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
