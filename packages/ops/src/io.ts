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
  /** A line for people that the next one takes the place of; undefined takes it away. */
  showStatus(line: string | undefined): void;
  /** Calls back on Ctrl-C; whoever presses it again does not wait. Answers what ends that. */
  onInterrupt(stop: () => void): () => void;
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
    showStatus: (line = "") => void process.stderr.write(`\r\u001b[K${line}`),
    onInterrupt: heedInterrupts,
    ...overrides,
  };
}

function heedInterrupts(stop: () => void): () => void {
  let pressedAtMs: number | undefined;
  const onPress = () => {
    // npm passes on what the terminal has already sent to all: that is one press, not two.
    if (pressedAtMs !== undefined && performance.now() - pressedAtMs > 500) process.exit(1);
    if (pressedAtMs === undefined) stop();
    pressedAtMs ??= performance.now();
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, onPress);
  return () => {
    for (const signal of signals) process.off(signal, onPress);
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
