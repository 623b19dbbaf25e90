import type { Io } from "../io.ts";
import { count } from "../text.ts";
import { number, type Tally } from "./work.ts";

const width = 24;
/** Often enough for eyes, and for logs. */
const [terminalEveryMs, logEveryMs] = [100, 10_000];

export type Progress = ReturnType<typeof createProgress>;

/** Shows how far it is: a bar on a terminal, else a line now and then. `share` is from 0 to 1. */
export function createProgress(io: Io) {
  const everyMs = io.isTerminal ? terminalEveryMs : logEveryMs;
  const startedAtMs = io.now();
  let shownAtMs = startedAtMs;
  let shown = 0;

  function lineOf(share: number, { created, updated, unchanged, valid, refused, failed }: Tally): string {
    const done = created + updated + unchanged + valid;
    const perSecond = shown / Math.max(1, (io.now() - startedAtMs) / 1000);
    const filled = Math.round(Math.min(1, share) * width);
    const bar = io.isTerminal ? `[${"#".repeat(filled)}${"-".repeat(width - filled)}] ` : "";
    const out = refused + failed > 0 ? `, ${count(refused + failed, "row")} refused or failed` : "";
    return `${bar}${Math.floor(share * 100)} %  ${number(done)} products, ${perSecond.toFixed(0)} a second${out}`;
  }

  return {
    show(share: number, tally: Tally): void {
      shown += 1;
      if (io.now() - shownAtMs < everyMs) return;
      shownAtMs = io.now();
      const line = lineOf(share, tally);
      if (io.isTerminal) io.showStatus(line);
      else io.printError(line);
    },
    /** Tells what is more than progress, on a line of its own. */
    say(line: string): void {
      if (io.isTerminal) io.showStatus(undefined);
      io.printError(line);
    },
    end(): void {
      if (io.isTerminal) io.showStatus(undefined);
    },
  };
}
