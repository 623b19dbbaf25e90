import { type ParseArgsConfig, parseArgs } from "node:util";
import type { Client } from "@cartwright/client";
import type { Place } from "./connect.ts";
import { type Io, UsageError } from "./io.ts";
import { type Paint, paintOf, visible } from "./text.ts";
import { parseTime } from "./time.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;
export type Values = Record<string, string | boolean | undefined>;

/** What a command has while it runs. */
export interface Surroundings {
  io: Io;
  paint: Paint;
  positionals: string[];
  values: Values;
  /** Where the API is. */
  place: Place;
  /** With `--json` prints the API's answer, one line each, and answers true. */
  printJson(answer: unknown): boolean;
}

export interface Context extends Surroundings {
  client: Client;
}

interface Described {
  name: string;
  summary: string;
  usage: string;
  options: Options;
  /** The fewest and the most words that follow the name. */
  positionals: [number, number];
  /** Throws `UsageError` before anything is sent. */
  check?(values: Values, positionals: string[]): void;
}

export interface Command extends Described {
  /** False when something was refused. */
  run(context: Context): Promise<boolean>;
}

/** A command that signs in by itself, again and again or not at all. */
export interface UnconnectedCommand extends Described {
  runUnconnected(surroundings: Surroundings): Promise<boolean>;
}

export type AnyCommand = Command | UnconnectedCommand;

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
  command: AnyCommand,
  args: string[],
  nowMs: number,
): { values: Values; positionals: string[] } {
  const { values, positionals } = parse(command, args);
  if (values.help) return { values, positionals };
  const [fewest, most] = command.positionals;
  if (positionals.length < fewest) throw new UsageError(`${command.name} wants more: ${firstLine(command.usage)}`);
  if (positionals.length > most) {
    throw new UsageError(`${JSON.stringify(positionals[most])} is too much: ${firstLine(command.usage)}`);
  }
  const order = text(values.order);
  if (order !== undefined) checkOrder("--order", order);
  command.check?.(values, positionals);
  for (const option of ["after", "before", "from", "to"]) {
    const time = text(values[option]);
    if (time !== undefined) values[option] = parseTime(option, time, nowMs);
  }
  return { values, positionals };
}

/** Node's own words for a mistyped option are about Node. */
function parse(command: AnyCommand, args: string[]): { values: Values; positionals: string[] } {
  const options: Options = { ...commonOptions, ...command.options };
  const config = { args, options, allowPositionals: true, strict: false, tokens: true } as const;
  const { values, positionals, tokens } = parseArgs(config);
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option) {
      const known = Object.keys(options).map((one) => `--${one}`);
      throw new UsageError(`there is no option ${rawName}: ${command.name} takes ${known.join(", ")}`);
    }
    if (option.type === "boolean" && value !== undefined) throw new UsageError(`${rawName} takes no value`);
    if (option.type === "string" && (!value || (!inlineValue && value.startsWith("-")))) {
      throw new UsageError(`${rawName} wants a value: ${firstLine(command.usage)}`);
    }
  }
  return { values: values as Values, positionals };
}

/** Where nothing has failed the API is never asked about the order, and a wrong id would look like good news. */
export function checkOrder(taker: string, id: string): void {
  if (/^ord_[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(id)) return;
  const example = "ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD";
  throw new UsageError(`${taker} takes an order's id such as ${example}, not ${JSON.stringify(id)}`);
}

export function surroundingsOf(io: Io, parsed: { values: Values; positionals: string[] }): Surroundings {
  const { url, deployed } = parsed.values;
  return {
    ...{ io, ...parsed, place: { url: text(url), deployed: deployed === true } },
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

/** A command to go on with, at the same place. */
export function commandLine({ values }: Context, words: string): string {
  const url = text(values.url);
  const at = url !== undefined ? ` --url ${url}` : values.deployed ? " --deployed" : "";
  return `npm run ops -- ${words}${at}`;
}

/** What a person types next; a pipe wants the answer alone. */
export function advise(context: Context, next: string[]): void {
  const { io, paint } = context;
  if (!io.isTerminal || next.length === 0) return;
  io.print("");
  for (const words of next) io.print(paint.dim(visible(commandLine(context, words))));
}

function firstLine(usage: string): string {
  return usage.split("\n", 1)[0]!;
}
