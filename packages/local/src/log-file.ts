import * as fs from "node:fs";
import * as path from "node:path";
import type { LogLine } from "./function/function-host.ts";

export interface LogFile {
  write(line: LogLine): void;
  close(): Promise<void>;
}

const rotateAboveBytes = 20 * 1024 * 1024;

/** Appends lines as JSON to log.jsonl; a file that has grown large is put aside at the start. */
export function openLogFile(folder: string): LogFile {
  const file = path.join(folder, "log.jsonl");
  const bytes = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > rotateAboveBytes) fs.renameSync(file, path.join(folder, "log.1.jsonl"));
  const stream = fs.createWriteStream(file, { flags: "a" });
  // A full disk must not end the runtime for its log's sake.
  stream.on("error", () => {});
  return {
    write({ timeMs, functionName, requestId, text }) {
      const time = new Date(timeMs).toISOString();
      stream.write(`${JSON.stringify({ time, function: functionName, requestId, ...contentOf(text) })}\n`);
    },
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}

/** Structured lines keep their structure, so that one file can be searched by any field. */
function contentOf(text: string): { line: object } | { text: string } {
  if (!text.startsWith("{")) return { text };
  try {
    return { line: JSON.parse(text) as object };
  } catch {
    return { text };
  }
}
