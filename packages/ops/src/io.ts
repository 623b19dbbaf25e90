import { existsSync, readFileSync } from "node:fs";

/** Everything that a command has of its surroundings. */
export interface Io {
  /** What was asked for. */
  print(line: string): void;
  /** What went wrong, and what is only said on the way. */
  printError(line: string): void;
  environment: Record<string, string | undefined>;
  /** Whether a person reads the output. */
  isTerminal: boolean;
  /** Milliseconds since 1970, for times such as `2h` ago. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** How long an answer may take, to its last byte. */
  answerTimeoutMs: number;
  /** The text of a file below the working folder; undefined when there is none. */
  readFile(path: string): string | undefined;
}

/** API Gateway ends a request after 29 s. */
const defaultAnswerTimeoutMs = 40_000;

/** Of this process, unless told otherwise. */
export function processIo(overrides: Partial<Io> = {}): Io {
  return {
    print: (line) => console.log(line),
    printError: (line) => console.error(line),
    environment: process.env,
    isTerminal: process.stdout.isTTY === true,
    now: () => Date.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    answerTimeoutMs: defaultAnswerTimeoutMs,
    readFile: (path) => (existsSync(path) ? readFileSync(path, "utf8") : undefined),
    ...overrides,
  };
}

/** The command line itself is wrong: nothing was sent. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** It can't be done as things are; the message says what to do. */
export class RefusedError extends Error {
  override name = "RefusedError";
}

/** Nobody has answered, or not to the end: the next request may fare better. */
export class UnansweredError extends RefusedError {
  override name = "UnansweredError";
  readonly advice: string | undefined;

  constructor(message: string, cause: unknown, advice?: string) {
    super(message, { cause });
    this.advice = advice;
  }
}
