/** `npm run ops -- <command>`: dead letters, replays and timelines, of this machine or of a deployed stage. */
import { existsSync, readFileSync } from "node:fs";
import { run } from "./run.ts";

// Whoever reads us may have seen enough, as head does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

process.exitCode = await run(process.argv.slice(2), {
  print: (line) => console.log(line),
  printError: (line) => console.error(line),
  environment: process.env,
  isTerminal: process.stdout.isTTY === true,
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  readFile: (path) => (existsSync(path) ? readFileSync(path, "utf8") : undefined),
});
