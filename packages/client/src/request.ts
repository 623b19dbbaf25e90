/** What is sent for an operation. */
import { type OperationId, type Operations, routes } from "./api.ts";

/** What an operation takes: what is part of its path, its query, its body, and the version that it changes. */
export type Input<Id extends OperationId> = Sent<Omit<Operations[Id], "answer" | "problem">>;
export type Answer<Id extends OperationId> = Operations[Id]["answer"];
export type Query<Id extends OperationId> = NonNullable<Field<Id, "query">>;
export type Body<Id extends OperationId> = Sent<NonNullable<Field<Id, "body">>>;
type Field<Id extends OperationId, Name extends string> = Name extends keyof Operations[Id]
  ? Operations[Id][Name]
  : never;

/** What may be left out may be `undefined` as well: it is not sent. */
type Sent<Value> = Value extends object
  ? {
      [Name in keyof Value]:
        | Sent<Value[Name]>
        | (Partial<Pick<Value, Name>> extends Pick<Value, Name> ? undefined : never);
    }
  : Value;

/** Whom the API lets in: `optional` is everybody, known by their token if they send one. */
export type Access = "anyone" | "optional" | "guest" | "customer" | "staff";

export interface Outgoing {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
  access: Access;
  idempotencyKey?: string;
  /** A change of a version: done at most once, whatever is sent again. */
  changesVersion: boolean;
}

interface Parts {
  params?: Record<string, string>;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  version?: number;
}

export function requestOf<Id extends OperationId>(
  id: Id,
  input: Input<Id>,
  { baseUrl, idempotencyKey }: { baseUrl: string; idempotencyKey?: string | undefined },
): Outgoing {
  const { params = {}, query = {}, body, version } = input as Parts;
  const [method, path, access, ...flags] = routes[id].split(" ") as [string, string, Access, ...string[]];
  const key = flags.includes("key") ? (idempotencyKey ?? newKey()) : undefined;
  const changesVersion = flags.includes("match");
  return {
    method,
    url: baseUrl + filled(path, params) + queryOf(query),
    headers: {
      Accept: "application/json",
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...(key !== undefined && { "Idempotency-Key": key }),
      ...(changesVersion && { "If-Match": `"${version}"` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    access,
    ...(key !== undefined && { idempotencyKey: key }),
    changesVersion,
  };
}

/** A key that nobody can guess or repeat by accident: a random UUID. */
export function newKey(): string {
  // Browsers have randomUUID on secure origins alone, and a phone that looks at a development server is on none.
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** A URL means another resource with a segment that is empty, `.` or `..`, however it is encoded. */
function filled(path: string, params: Record<string, string>): string {
  return path.replace(/{(\w+)}/g, (_, name: string) => {
    const value = String(params[name] ?? "");
    if (/^\.{0,2}$/.test(value)) throw new TypeError(`${JSON.stringify(value)} can't be the ${name} in ${path}`);
    return encodeURIComponent(value);
  });
}

function queryOf(query: NonNullable<Parts["query"]>): string {
  const sent = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) sent.set(name, String(value));
  const text = sent.toString();
  return text && `?${text}`;
}
