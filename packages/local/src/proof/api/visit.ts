/** Somebody who uses the API, by raw requests. */
import { newId } from "@cartwright/events";
import type { System } from "../../test/system.ts";
import { type Caller, createCaller, type Reply } from "./caller.ts";
import { headersOf, type Person } from "./request.ts";

interface Options {
  by?: Person;
  body?: unknown;
  /** The version that is changed. */
  version?: unknown;
  headers?: Record<string, string>;
  /** Any success, unless it is said. */
  expecting?: number;
}

export type Json = Record<string, unknown>;
export type Visit = ReturnType<typeof createVisit>;

export function createVisit(system: System) {
  const caller = createCaller(system.local.apiUrl);
  const call = (method: string, path: string, options: Options = {}) => send(caller, method, path, options);
  return {
    /** As it is, whatever the answer. */
    send: caller.send,
    /** Throws for an answer that is not what it takes to go on. */
    call,
    read: async (path: string, by: Person = {}): Promise<Json> => (await call("GET", path, { by })).json ?? {},
    post: async (path: string, by: Person, body?: unknown): Promise<Json> =>
      (await call("POST", path, { by, ...(body !== undefined && { body }) })).json ?? {},
    signIn: (email: string, password: string, confirmationCode?: string) =>
      signIn(call, { email, password, ...(confirmationCode && { confirmationCode }) }),
    stop: () => caller.stop(),
  };
}

export interface Session {
  person: Person;
  accessToken: string;
  refreshToken: string;
}

async function signIn(
  call: (method: string, path: string, options?: Options) => Promise<Reply>,
  body: Json,
): Promise<Session> {
  const { json } = await call("POST", "/sessions", { body, expecting: 201 });
  const { accessToken, refreshToken } = json as { accessToken: string; refreshToken: string };
  return { person: { authorization: `Bearer ${accessToken}` }, accessToken, refreshToken };
}

async function send(caller: Caller, method: string, path: string, options: Options): Promise<Reply> {
  const { by = {}, body, version, headers, expecting } = options;
  const reply = await caller.send({
    ...{ method, path },
    headers: {
      ...{ ...headersOf(by), "Idempotency-Key": crypto.randomUUID() },
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...(version !== undefined && { "If-Match": `"${version}"` }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const isExpected = expecting === undefined ? reply.status < 300 : reply.status === expecting;
  if (!isExpected) throw new Error(`${method} ${path} answered ${reply.status}: ${reply.text}`);
  return reply;
}

/** An address that no mail has been sent to yet. */
export function newEmail(who: string): string {
  return `${who}-${newId("usr").slice(-12).toLowerCase()}@example.com`;
}
