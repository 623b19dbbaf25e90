/** The rows that did not get into the catalogue, each with its line, its reason and what it said: one JSON a line. */
import { closeSync, openSync, rmSync, truncateSync, writeSync } from "node:fs";
import type { Result } from "./work.ts";

export interface Report {
  add(result: Result): void;
  bytes(): number;
  /** Leaves no file where nothing was refused. */
  close(): void;
}

/** Keeps the first `bytes` of an earlier report, which an import goes on with. */
export function openReport(path: string, bytes: number): Report {
  if (bytes === 0) rmSync(path, { force: true });
  else truncateSync(path, bytes);
  let written = bytes;
  let file: number | undefined;
  return {
    add(result) {
      file ??= openSync(path, "a");
      for (const line of linesOf(result)) written += writeSync(file, `${JSON.stringify(line)}\n`);
    },
    bytes: () => written,
    close() {
      if (file !== undefined) closeSync(file);
    },
  };
}

/** A product is put whole or not at all: its other rows are named with the one at fault. */
function linesOf({ rows, faults, outcome }: Result): object[] {
  const reasons = new Map(faults.map(({ line, reason }) => [line, reason]));
  const [first] = faults;
  return rows.map(({ line, sku, given }) => ({
    ...{ line, sku, outcome, reason: reasons.get(line) ?? `with line ${first?.line}: ${first?.reason}`, row: given },
  }));
}
