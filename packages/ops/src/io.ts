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
  /** The text of a file below the working folder; undefined when there is none. */
  readFile(path: string): string | undefined;
}

/** The command line itself is wrong: nothing was sent. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** It can't be done as things are; the message says what to do. */
export class RefusedError extends Error {
  override name = "RefusedError";
}
