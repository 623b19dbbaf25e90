import { TopologyError } from "./fail.ts";

/**
 * EventBridge's pattern language, which Lambda's event source filters share. The rules follow event-ruler, the matcher
 * AWS runs: see event-patterns.json for the pairs we agree on.
 */
export interface EventPattern {
  /** The pattern with every `$or` expanded: an event matches when one of the rules does. */
  rules: Rule[];
}

/** What must hold below one object. A name can be a leaf for some fields and an object for others. */
interface Rule {
  leaves: { name: string; matchers: Matcher[] }[];
  nested: { name: string; rule: Rule }[];
}

type Matcher =
  | { kind: "exists"; wanted: boolean }
  /** True for a value present at the leaf. */
  | { kind: "value"; test: (value: unknown) => boolean };

type Json = Record<string, unknown>;

export class PatternError extends TopologyError {
  override name = "PatternError";
}

/** Refuses what EventBridge refuses in PutRule, naming the path; the result is ready for `matches`. */
export function parsePattern(pattern: unknown, where = "pattern"): EventPattern {
  if (!isObject(pattern)) throw new PatternError(`${where}: must be an object, got ${show(pattern)}.`);
  if (Object.keys(pattern).length === 0) throw new PatternError(`${where}: an empty object is not allowed.`);
  const rules = expand(pattern, [], [new Map()], where);
  return { rules: rules.filter((rule, index) => !repeatsEarlier(rule, rules.slice(0, index))).map(toRule) };
}

/** Whether one rule has all its fields satisfied. Inside an array of objects, a single element must satisfy them all. */
export function matches(pattern: EventPattern, event: unknown): boolean {
  return pattern.rules.some((rule) => satisfies(rule, isObject(event) ? event : {}));
}

function satisfies(rule: Rule, object: Json): boolean {
  return (
    rule.leaves.every(({ name, matchers }) => {
      const leaves = leavesIn(object[name]);
      return matchers.some((matcher) =>
        matcher.kind === "exists" ? leaves.length > 0 === matcher.wanted : leaves.some(matcher.test),
      );
    }) &&
    rule.nested.every(({ name, rule: inner }) => {
      const objects = objectsIn(object[name]);
      // An absent object still satisfies a nested { exists: false }.
      return objects.length === 0 ? satisfies(inner, {}) : objects.some((each) => satisfies(inner, each));
    })
  );
}

function leavesIn(value: unknown): unknown[] {
  if (value === undefined || isObject(value)) return [];
  return Array.isArray(value) ? value.flatMap(leavesIn) : [value];
}

function objectsIn(value: unknown): Json[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  return isObject(value) ? [value] : [];
}

interface Field {
  path: string[];
  /** As written, to tell repetitions. */
  written: string[];
  matchers: Matcher[];
}

/** A rule under construction: its fields by path. As in event-ruler, a path named twice counts as named last. */
type Fields = Map<string, Field>;

function expand(object: Json, path: string[], rules: Fields[], where: string): Fields[] {
  let expanded = rules;
  for (const [name, value] of Object.entries(object)) {
    const at = `${where}.${name}`;
    if (name === "$or" && isAlternatives(value)) {
      const before = expanded;
      expanded = value.flatMap((each, index) => expand(each, path, before.map(copy), `${at}[${index}]`));
      if (expanded.length > maximumRules) throw new PatternError(`${at}: expands to more than ${maximumRules} rules.`);
    } else if (isObject(value)) {
      if (Object.keys(value).length === 0) throw new PatternError(`${at}: an empty object is not allowed.`);
      expanded = expand(value, [...path, name], expanded, at);
    } else {
      const field = { path: [...path, name], ...parseMatchers(value, at) };
      for (const rule of expanded) rule.set(JSON.stringify(field.path), field);
    }
  }
  return expanded;
}

/** EventBridge's own limit on the combinations of one pattern. */
const maximumRules = 1000;

const copy = (rule: Fields): Fields => new Map(rule);

/** `$or` is a relation only over two or more objects that aren't matchers; otherwise it is a field of that name. */
function isAlternatives(value: unknown): value is Json[] {
  return (
    Array.isArray(value) &&
    value.length > 1 &&
    value.every((each) => isObject(each) && !Object.keys(each).some((key) => reservedNames.has(key)))
  );
}

const reservedNames = new Set([
  "exactly",
  "prefix",
  "suffix",
  "anything-but",
  "numeric",
  "exists",
  "equals-ignore-case",
  "wildcard",
  "cidr",
]);

/**
 * event-ruler takes a rule for a repetition of an earlier one, and drops it, when both name the same fields and the
 * first matcher it lists for each of them is one that the earlier rule lists there too.
 */
function repeatsEarlier(rule: Fields, earlier: Fields[]): boolean {
  return earlier.some(
    (other) =>
      other.size === rule.size &&
      [...rule].every(([path, { written }]) => other.get(path)?.written.includes(written[0]!) ?? false),
  );
}

function toRule(fields: Fields): Rule {
  const root: Rule = { leaves: [], nested: [] };
  for (const { path, matchers } of fields.values()) {
    const holder = path.slice(0, -1).reduce(childOf, root);
    holder.leaves.push({ name: path.at(-1)!, matchers });
  }
  return root;
}

function childOf(rule: Rule, name: string): Rule {
  const existing = rule.nested.find((each) => each.name === name);
  if (existing) return existing.rule;
  const child: Rule = { leaves: [], nested: [] };
  rule.nested.push({ name, rule: child });
  return child;
}

function parseMatchers(value: unknown, path: string): Pick<Field, "written" | "matchers"> {
  if (!Array.isArray(value)) {
    throw new PatternError(`${path}: must be an object or an array of values to match, got ${show(value)}.`);
  }
  if (value.length === 0) throw new PatternError(`${path}: an empty array is not allowed; it could match nothing.`);
  return {
    written: value.map(show),
    matchers: value.map((each, index) => parseMatcher(each, `${path}[${index}]`)),
  };
}

function parseMatcher(value: unknown, path: string): Matcher {
  if (Array.isArray(value)) {
    throw new PatternError(`${path}: must be a string, number, true, false, null or a matcher, got an array.`);
  }
  if (!isObject(value)) return { kind: "value", test: (leaf) => leaf === value };
  const [operator, argument] = onlyEntry(value, path);
  const at = `${path}.${operator}`;
  switch (operator) {
    case "exists":
      if (typeof argument !== "boolean") throw new PatternError(`${at}: must be true or false, got ${show(argument)}.`);
      return { kind: "exists", wanted: argument };
    case "numeric":
      return { kind: "value", test: parseNumeric(argument, at) };
    case "cidr":
      return { kind: "value", test: parseCidr(argument, at) };
    case "anything-but":
      return { kind: "value", test: parseAnythingBut(argument, at) };
    case "exactly":
      return { kind: "value", test: equals(text(argument, at)) };
    default:
      return { kind: "value", test: parseText(operator, argument, at) };
  }
}

type TextTest = (value: unknown) => boolean;

/** The operators over strings, also usable inside anything-but. */
function parseText(operator: string, argument: unknown, path: string): TextTest {
  switch (operator) {
    case "prefix":
    case "suffix": {
      const foldCase = isObject(argument);
      const part = text(foldCase ? ignoreCaseArgument(argument, path) : argument, path);
      const wanted = foldCase ? part.toLowerCase() : part;
      const test = operator === "prefix" ? startsWith(wanted) : endsWith(wanted);
      return (value) => typeof value === "string" && test(foldCase ? value.toLowerCase() : value);
    }
    case "equals-ignore-case": {
      const wanted = text(argument, path).toLowerCase();
      return (value) => typeof value === "string" && value.toLowerCase() === wanted;
    }
    case "wildcard":
      return parseWildcard(text(argument, path), path);
    default:
      throw new PatternError(`${path}: unrecognised match type "${operator}".`);
  }
}

function parseAnythingBut(argument: unknown, path: string): (value: unknown) => boolean {
  if (isObject(argument)) {
    const [operator, inner] = onlyEntry(argument, path);
    const refused = nonEmptyList(inner, path).map((each) => parseText(operator, each, `${path}.${operator}`));
    return (value) => !refused.some((test) => test(value));
  }
  const refused = nonEmptyList(argument, path);
  const types = new Set(refused.map((each) => typeof each));
  if (types.size > 1 || ![...types].every((type) => type === "string" || type === "number")) {
    throw new PatternError(`${path}: takes strings or numbers, not both and nothing else.`);
  }
  return (value) => !refused.includes(value);
}

type Comparison = (value: number) => boolean;

function parseNumeric(argument: unknown, path: string): (value: unknown) => boolean {
  const terms = Array.isArray(argument) ? argument : [];
  const [first, from, second, to] = terms;
  const comparisons: Comparison[] = [comparison(first, from, ["=", "<", "<=", ">", ">="], path)];
  if (terms.length > 2) {
    const isLowerBound = first === ">" || first === ">=";
    if (!isLowerBound || terms.length !== 4) {
      throw new PatternError(`${path}: a range is a lower bound and then an upper one, e.g. [">", 0, "<=", 5].`);
    }
    comparisons.push(comparison(second, to, ["<", "<="], path));
    if (Number(from) >= Number(to)) throw new PatternError(`${path}: the lower bound must be less than the upper one.`);
  }
  return (value) => typeof value === "number" && comparisons.every((holds) => holds(value));
}

function comparison(operator: unknown, bound: unknown, allowed: string[], path: string): Comparison {
  if (typeof operator !== "string" || !allowed.includes(operator)) {
    throw new PatternError(`${path}: expected one of ${allowed.join(" ")}, got ${show(operator)}.`);
  }
  if (typeof bound !== "number") throw new PatternError(`${path}: "${operator}" needs a number, got ${show(bound)}.`);
  switch (operator) {
    case "<":
      return (value) => value < bound;
    case "<=":
      return (value) => value <= bound;
    case ">":
      return (value) => value > bound;
    case ">=":
      return (value) => value >= bound;
    default:
      return (value) => value === bound;
  }
}

/** Only `*` is special; `\*` and `\\` are the two escapes. Linear in the value's length for a fixed pattern. */
function parseWildcard(pattern: string, path: string): TextTest {
  const parts = [""];
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index]!;
    if (character === "*") {
      if (pattern[index + 1] === "*") throw new PatternError(`${path}: consecutive wildcards at position ${index}.`);
      parts.push("");
    } else if (character === "\\") {
      const escaped = pattern[++index];
      if (escaped !== "*" && escaped !== "\\") {
        throw new PatternError(`${path}: only \\* and \\\\ can be escaped, see position ${index - 1}.`);
      }
      parts[parts.length - 1] += escaped;
    } else {
      parts[parts.length - 1] += character;
    }
  }
  return (value) => typeof value === "string" && fits(value, parts);
}

function fits(value: string, parts: string[]): boolean {
  const first = parts[0]!;
  const last = parts[parts.length - 1]!;
  if (parts.length === 1) return value === first;
  if (value.length < first.length + last.length || !value.startsWith(first) || !value.endsWith(last)) return false;
  const end = value.length - last.length;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = value.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

function parseCidr(argument: unknown, path: string): TextTest {
  const [network = "", bits = ""] = text(argument, path).split("/");
  const wanted = addressOf(network);
  const length = Number(bits);
  if (!wanted || !/^\d+$/.test(bits) || length > wanted.bits) {
    throw new PatternError(`${path}: must be an IP range such as 10.0.0.0/24, got ${show(argument)}.`);
  }
  const shift = BigInt(wanted.bits - length);
  return (value) => {
    const address = typeof value === "string" ? addressOf(value) : undefined;
    return address?.bits === wanted.bits && address.value >> shift === wanted.value >> shift;
  };
}

function addressOf(value: string): { bits: number; value: bigint } | undefined {
  const groups = value.includes(":") ? ipv6Groups(value) : ipv4Groups(value);
  if (!groups) return undefined;
  const width = groups.length === 4 ? 8n : 16n;
  return {
    bits: groups.length * Number(width),
    value: groups.reduce((sum, group) => (sum << width) | BigInt(group), 0n),
  };
}

function ipv4Groups(value: string): number[] | undefined {
  const groups = value.split(".");
  const valid = groups.length === 4 && groups.every((group) => /^\d{1,3}$/.test(group) && Number(group) < 256);
  return valid ? groups.map(Number) : undefined;
}

function ipv6Groups(value: string): number[] | undefined {
  const halves = value.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const [head = [], tail = []] = halves;
  const missing = 8 - head.length - tail.length;
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined;
}

const equals = (wanted: string) => (value: unknown) => value === wanted;
const startsWith = (part: string) => (value: string) => value.startsWith(part);
const endsWith = (part: string) => (value: string) => value.endsWith(part);

function ignoreCaseArgument(argument: Json, path: string): unknown {
  const [operator, inner] = onlyEntry(argument, path);
  if (operator !== "equals-ignore-case") throw new PatternError(`${path}: "${operator}" can't be used here.`);
  return inner;
}

function onlyEntry(object: Json, path: string): [string, unknown] {
  const entries = Object.entries(object);
  const entry = entries[0];
  if (!entry || entries.length > 1) throw new PatternError(`${path}: exactly one key is allowed in a matcher.`);
  return entry;
}

function nonEmptyList(argument: unknown, path: string): unknown[] {
  const list = Array.isArray(argument) ? argument : [argument];
  if (list.length === 0) throw new PatternError(`${path}: an empty list is not allowed.`);
  return list;
}

function text(argument: unknown, path: string): string {
  if (typeof argument !== "string") throw new PatternError(`${path}: must be a string, got ${show(argument)}.`);
  return argument;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}
