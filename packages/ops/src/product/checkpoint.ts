/** How far an import is, in a file beside the one that is imported, so that it goes on there however it was ended. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import * as z from "zod";

const Checkpoint = z.object({
  /** What was imported, and where to: something else begins anew. */
  source: z.object({ api: z.string(), bytes: z.int(), modifiedMs: z.number(), reading: z.string() }),
  /** So many products and unreadable rows are done, from the beginning of the file on. */
  units: z.int(),
  /** The last of their lines. */
  line: z.int(),
  tally: z.object({
    created: z.int(),
    updated: z.int(),
    unchanged: z.int(),
    valid: z.int(),
    refused: z.int(),
    failed: z.int(),
  }),
  /** How long the report of refused rows was by then. */
  reportBytes: z.int(),
});
export type Checkpoint = z.infer<typeof Checkpoint>;
export type Source = Checkpoint["source"];

export function readCheckpoint(path: string, source: Source): Checkpoint | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const checkpoint = Checkpoint.parse(JSON.parse(readFileSync(path, "utf8")));
    const isSame = JSON.stringify(checkpoint.source) === JSON.stringify(source);
    return isSame ? checkpoint : undefined;
  } catch {
    // Going through the file once more does no harm.
    return undefined;
  }
}

/** Either the earlier one is there or this one, whatever happens meanwhile. */
export function writeCheckpoint(path: string, checkpoint: Checkpoint): void {
  writeFileSync(`${path}.new`, JSON.stringify(checkpoint));
  renameSync(`${path}.new`, path);
}

export function removeCheckpoint(path: string): void {
  rmSync(path, { force: true });
}
