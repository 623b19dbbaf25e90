/** `npm run ops -- <command>`: dead letters, replays and timelines, of this machine or of a deployed stage. */
import { processIo } from "./io.ts";
import { run } from "./run.ts";

// Whoever reads us may have seen enough, as head does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

process.exitCode = await run(process.argv.slice(2), processIo());
