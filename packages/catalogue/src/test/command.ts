import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { repository } from "./folder.ts";

/** Runs the command as npm does; rejects with its code and output when it fails. */
export function command(...words: string[]): Promise<{ stdout: string; stderr: string }> {
  const cli = ["--import", "tsx", "packages/catalogue/src/cli.ts", ...words];
  return promisify(execFile)(process.execPath, cli, { cwd: repository });
}
