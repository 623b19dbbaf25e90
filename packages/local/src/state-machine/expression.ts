import { createHash } from "node:crypto";
import jsonata from "jsonata";
import type { Random } from "../random.ts";
import { StatesError } from "./failure.ts";

/** What an expression can name: the workflow's variables, and `$states`. */
export interface Bindings {
  variables: Record<string, unknown>;
  states: { input: unknown; context: unknown; result?: unknown; errorOutput?: unknown };
  /** `$now()` and `$millis()` answer this. */
  nowMs: number;
  random: Random;
}

export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

const compiled = new Map<string, jsonata.Expression>();

export function isExpression(value: string): boolean {
  return value.startsWith("{%") && value.trimEnd().endsWith("%}");
}

/** Throws an ExpressionError for what is no JSONata, and for what Step Functions doesn't allow in it. */
export function compile(source: string): jsonata.Expression {
  const known = compiled.get(source);
  if (known) return known;
  if (!isExpression(source)) throw new ExpressionError(`${source} begins with {% but doesn't end with %}.`);
  const text = source.trimEnd().slice(2, -2).trim();
  if (/\$eval\s*\(/.test(text))
    throw new ExpressionError(`${source} uses $eval, which Step Functions refuses; use $parse.`);
  try {
    // The limits keep a runaway expression from holding up everything else on this machine.
    const expression = jsonata(text, { timeout: 5_000, stack: 500 });
    compiled.set(source, expression);
    return expression;
  } catch (cause) {
    throw new ExpressionError(`${source} is no valid JSONata: ${messageOf(cause)}.`);
  }
}

/** Evaluates every `{% … %}` string in a JSON value; `field` names it in errors. */
export async function evaluate(template: unknown, field: string, bindings: Bindings): Promise<unknown> {
  if (typeof template === "string") {
    return template.startsWith("{%") ? evaluateExpression(template, field, bindings) : template;
  }
  if (Array.isArray(template)) {
    return Promise.all(template.map((each, index) => evaluate(each, `${field}[${index}]`, bindings)));
  }
  if (typeof template !== "object" || template === null) return template;
  const entries = Object.entries(template).map(async ([key, value]) => {
    return [key, await evaluate(value, `${field}.${key}`, bindings)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function evaluateExpression(source: string, field: string, bindings: Bindings): Promise<unknown> {
  const fail = (reason: string) =>
    new StatesError(
      "States.QueryEvaluationError",
      `The JSONata expression '${source}' of the field '${field}' ${reason}`,
    );
  let value: unknown;
  try {
    value = await compile(source).evaluate(undefined, {
      ...functionsFor(bindings),
      ...bindings.variables,
      states: bindings.states,
    });
  } catch (cause) {
    throw fail(`threw an error: ${messageOf(cause)}`);
  }
  if (value === undefined) throw fail("returned nothing (undefined).");
  if (typeof value === "function") throw fail("returned a function.");
  // Strips what JSONata attaches to its sequences, and refuses what JSON can't carry.
  const json = JSON.stringify(value);
  if (json === undefined) throw fail("returned something that is not JSON.");
  return JSON.parse(json);
}

/** The functions Step Functions adds to JSONata, and those of JSONata that would read a clock or chance of their own. */
function functionsFor({ nowMs, random }: Bindings): Record<string, (...values: never[]) => unknown> {
  return {
    partition,
    range,
    hash,
    parse: (json: unknown) => JSON.parse(text(json, "$parse")),
    uuid: () => random.uuid(),
    random: (seed?: number) => (seed === undefined ? random.next() : seededFraction(seed)),
    now: () => new Date(nowMs).toISOString(),
    millis: () => nowMs,
    shuffle: (items: unknown[]) => shuffle(items, random),
  };
}

function partition(items: unknown, size: unknown): unknown[][] {
  if (!Array.isArray(items)) throw new Error("$partition needs an array first");
  const step = positiveInteger(size, "$partition's size");
  return Array.from({ length: Math.ceil(items.length / step) }, (_, index) =>
    items.slice(index * step, (index + 1) * step),
  );
}

function range(first: unknown, last: unknown, step: unknown): number[] {
  const [from, to, by] = [first, last, step].map((value) => integer(value, "$range's arguments")) as [
    number,
    number,
    number,
  ];
  if (by === 0) throw new Error("$range's step can't be zero");
  const length = Math.max(0, Math.floor((to - from) / by) + 1);
  if (length > 1000) throw new Error("$range makes at most 1000 numbers");
  return Array.from({ length }, (_, index) => from + index * by);
}

const hashes: Record<string, string> = {
  MD5: "md5",
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};

function hash(data: unknown, algorithm: unknown): string {
  const name = typeof algorithm === "string" ? hashes[algorithm] : undefined;
  if (!name) throw new Error(`$hash knows ${Object.keys(hashes).join(", ")}, not ${String(algorithm)}`);
  if (data === undefined) throw new Error("$hash needs something to hash");
  return createHash(name)
    .update(typeof data === "string" ? data : JSON.stringify(data))
    .digest("hex");
}

/** The same fraction for the same seed, as Step Functions promises. */
function seededFraction(seed: number): number {
  const digest = createHash("sha256").update(String(seed)).digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

function shuffle(items: unknown[], random: Random): unknown[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = Math.floor(random.next() * (last + 1));
    [shuffled[last], shuffled[other]] = [shuffled[other], shuffled[last]];
  }
  return shuffled;
}

function integer(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isInteger(value)) throw new Error(`${what} must be whole numbers`);
  return value;
}

function positiveInteger(value: unknown, what: string): number {
  const number = integer(value, what);
  if (number <= 0) throw new Error(`${what} must be positive`);
  return number;
}

function text(value: unknown, what: string): string {
  if (typeof value !== "string") throw new Error(`${what} needs a string`);
  return value;
}

/** JSONata throws plain objects that have a message. */
function messageOf(cause: unknown): string {
  const message = typeof cause === "object" && cause !== null ? (cause as { message?: unknown }).message : undefined;
  return String(message ?? cause);
}
