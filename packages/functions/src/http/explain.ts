/** What is wrong with a part of a request, in words for whoever wrote the program that sent it. */
import type * as z from "zod";

/** What is said of a field that has to be there. */
export const missing = "is missing";

type Issue = z.core.$ZodRawIssue;

/**
 * For `error` of a parse: a schema that has a message of its own is not asked about. Values are not repeated, since an answer
 * may end up in a log.
 */
export function explain(issue: Issue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? missing
        : `expected ${kinds[issue.expected] ?? issue.expected}, got ${kindOf(issue.input)}`;
    case "too_small":
      return bound("at least", "more than", issue.minimum, issue);
    case "too_big":
      return bound("at most", "less than", issue.maximum, issue);
    case "invalid_value":
      return issue.input === undefined ? missing : `expected ${oneOf(issue.values)}`;
    case "invalid_format":
      return formats[issue.format] ?? "has a form that is not allowed here";
    case "not_multiple_of":
      return `expected a multiple of ${issue.divisor}`;
    case "invalid_union":
      return issue.input === undefined ? missing : "fits none of the forms that it may have";
    default:
      return undefined;
  }
}

const kinds: Record<string, string> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  object: "an object",
  record: "an object",
  string: "text",
};

const formats: Record<string, string> = {
  date: "expected a date such as 2026-01-31",
  datetime: "expected a time such as 2026-01-31T12:00:00Z",
  email: "expected an email address",
  url: "expected a URL",
  uuid: "expected a UUID",
};

function kindOf(input: unknown): string {
  if (input === null) return "null";
  if (Array.isArray(input)) return "a list";
  if (typeof input === "number") return Number.isInteger(input) ? "a number" : "a fraction";
  return kinds[typeof input] ?? typeof input;
}

function bound(
  included: string,
  excluded: string,
  value: unknown,
  { origin, inclusive, exact }: { origin: string; inclusive?: boolean; exact?: boolean },
): string {
  const range = exact ? "exactly" : inclusive === false ? excluded : included;
  const unit = units[origin];
  return `expected ${range} ${value}${unit ? ` ${value === 1 ? unit : `${unit}s`}` : ""}`;
}

const units: Record<string, string> = {
  string: "character",
  array: "item",
  set: "item",
  map: "entry",
  object: "field",
};

function oneOf(values: readonly unknown[]): string {
  const told = values.map((value) => JSON.stringify(value));
  return told.length === 1 ? told[0]! : `one of ${told.join(", ")}`;
}
