import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { repository } from "./fixture.ts";

export interface Child {
  process: ChildProcess;
  /** The next line it prints; rejects with what it wrote to stderr when it ends first. */
  nextLine(): Promise<string>;
  /** Everything it wrote to stderr, once it has ended. */
  ended: Promise<{ code: number | null; errors: string }>;
}

let children = 0;

/**
 * Runs TypeScript in a process of its own, until the test ends at most. `$src` in the source stands for this package's
 * source folder.
 */
export function runChild(folder: string, source: string): Child {
  const file = path.join(folder, `child-${++children}.mts`);
  fs.writeFileSync(file, source.replaceAll("$src", path.join(repository, "packages/local/src")));
  const child = spawn(process.execPath, ["--import", "tsx", file], {
    cwd: repository,
    stdio: ["pipe", "pipe", "pipe"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    async nextLine() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`The child ended: ${errors}`);
      return value;
    },
    ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, errors }))),
  };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export async function until(condition: () => boolean, what: string, limitMs = 10_000): Promise<void> {
  const untilMs = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > untilMs) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
