/** Calls of a router, as a client makes them. */
import { newId } from "@cartwright/events";
import type { Problem } from "../http/problem.ts";

type App = { request(path: string, init?: RequestInit): Response | Promise<Response> };

export async function call(
  app: App,
  method: string,
  path: string,
  options: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
) {
  const { token, body, headers } = options;
  const response = await app.request(path, {
    method,
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return {
    status: response.status,
    headers: response.headers,
    json: (await response.json()) as Pick<Problem, "code" | "errors"> & { id: string },
  };
}

export const key = () => ({ "Idempotency-Key": newId("req") });
