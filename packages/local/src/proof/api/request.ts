/** Requests that fit the API's description, by somebody. */
import type { Operation } from "./document.ts";

export interface Person {
  /** As it goes into the header; absent for somebody who has not signed in. */
  authorization?: string;
}

/** A request that fits the description, by this person and for what these names stand for. */
export function requestOf(
  { id, method, path, parameters, body }: Operation,
  person: Person,
  values: Record<string, string>,
): { method: string; path: string; headers: Record<string, string>; body?: string } {
  const [, family = ""] = path.split("/");
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => {
    const value = values[`${family}.${name}`];
    if (value === undefined) throw new Error(`say in proof/api/people.ts what {${name}} of ${path} may be`);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  for (const parameter of parameters) {
    if (parameter.in === "query" && parameter.required) query.set(parameter.name, "0".repeat(32));
    if (parameter.in === "header") headers[parameter.name] = headerFor(parameter.name, id);
  }
  return {
    method,
    path: query.size > 0 ? `${filled}?${query}` : filled,
    headers: { ...headers, ...headersOf(person), ...(body && { "Content-Type": body.mediaType }) },
    ...(body && { body: encodeBody(body.mediaType, body.example) }),
  };
}

export function headersOf({ authorization }: Person): Record<string, string> {
  return authorization === undefined ? {} : { Authorization: authorization };
}

export function encodeBody(mediaType: string, value: unknown): string {
  if (mediaType === "application/x-www-form-urlencoded")
    return String(new URLSearchParams(value as Record<string, string>));
  return JSON.stringify(value ?? {});
}

/** What a test goes on with is not to be taken away, so that those name a version that there is not. */
function headerFor(name: string, operationId: string): string {
  if (name !== "If-Match") return crypto.randomUUID();
  return /^(erase|remove)/.test(operationId) ? '"999999"' : '"1"';
}
