import { type Io, processIo } from "../io.ts";
import { run } from "../run.ts";

export interface Captured {
  code: number;
  printed: string[];
  errors: string;
}

/** Runs a command line, and keeps what it prints. It sees no file, and nothing of this process's environment. */
export async function runCaptured(words: string[], overrides: Partial<Io>): Promise<Captured> {
  const printed: string[] = [];
  const errors: string[] = [];
  const io = processIo({
    print: (line) => printed.push(line),
    printError: (line) => errors.push(line),
    environment: {},
    isTerminal: false,
    readFile: () => undefined,
    ...overrides,
  });
  return { code: await run(words, io), printed, errors: errors.join("\n") };
}
