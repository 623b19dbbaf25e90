import { type ParseArgsConfig, parseArgs } from "node:util";
import type { Client } from "@cartwright/client";
import { type Io, UsageError } from "./io.ts";
import { type Paint, paintOf } from "./text.ts";
import { parseTime } from "./time.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;
export type Values = Record<string, string | boolean | undefined>;

/** What a command has while it runs. */
export interface Context {
  client: Client;
  io: Io;
  paint: Paint;
  positionals: string[];
  values: Values;
  /** With `--json` prints the API's answer, one line each, and answers true. */
  printJson(answer: unknown): boolean;
}

export interface Command {
  name: string;
  summary: string;
  usage: string;
  options: Options;
  /** The fewest and the most words that follow the name. */
  positionals: [number, number];
  /** Throws `UsageError` before anything is sent. */
  check?(values: Values, positionals: string[]): void;
  /** False when something was refused. */
  run(context: Context): Promise<boolean>;
}

export const commonOptions = {
  url: { type: "string" },
  deployed: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} satisfies Options;

export const eventOptions = {
  order: { type: "string" },
  correlation: { type: "string" },
  event: { type: "string" },
} satisfies Options;

export const filterOptions = {
  ...eventOptions,
  after: { type: "string" },
  before: { type: "string" },
} satisfies Options;

export const eventUsage = `  --order <id>         of this order
  --correlation <id>   of this request or story
  --event <name>       such as payment.captured`;

export const filterUsage = `${eventUsage}
  --after <time>       of the event; 2026-03-01T03:00:00Z, 2026-03-01 (UTC), or 30m, 2h, 7d ago
  --before <time>      the same`;

/** Times are ISO 8601 afterwards: spans are counted back from `nowMs`. */
export function parseCommand(
  command: Command,
  args: string[],
  nowMs: number,
): { values: Values; positionals: string[] } {
  const { values, positionals } = parse({
    args,
    options: { ...commonOptions, ...command.options },
    allowPositionals: true,
  });
  if (values.help) return { values, positionals };
  const [fewest, most] = command.positionals;
  if (positionals.length < fewest) throw new UsageError(`${command.name} wants more: ${firstLine(command.usage)}`);
  if (positionals.length > most) {
    throw new UsageError(`${JSON.stringify(positionals[most])} is too much: ${firstLine(command.usage)}`);
  }
  command.check?.(values, positionals);
  for (const option of ["after", "before", "from", "to"]) {
    const time = text(values[option]);
    if (time !== undefined) values[option] = parseTime(option, time, nowMs);
  }
  return { values, positionals };
}

function parse(config: ParseArgsConfig): { values: Values; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs(config);
    return { values: values as Values, positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

export function contextOf(client: Client, io: Io, parsed: { values: Values; positionals: string[] }): Context {
  return {
    ...{ client, io, ...parsed },
    paint: paintOf(io),
    printJson(answer) {
      if (parsed.values.json) io.print(JSON.stringify(answer));
      return parsed.values.json === true;
    },
  };
}

export const text = (value: Values[string]) => (typeof value === "string" ? value : undefined);

/** The part of a filter that names events. */
export function eventFilter(values: Values): { orderId?: string; correlationId?: string; event?: string } {
  const [orderId, correlationId, event] = [text(values.order), text(values.correlation), text(values.event)];
  return {
    ...(orderId !== undefined && { orderId }),
    ...(correlationId !== undefined && { correlationId }),
    ...(event !== undefined && { event }),
  };
}

export function filterOf(values: Values) {
  const [after, before] = [text(values.after), text(values.before)];
  return {
    ...eventFilter(values),
    ...(after !== undefined && { after }),
    ...(before !== undefined && { before }),
  };
}

export function hasFilter(values: Values): boolean {
  return Object.keys(filterOptions).some((name) => values[name] !== undefined);
}

function firstLine(usage: string): string {
  return usage.split("\n", 1)[0]!;
}
