/** How the API is asked, and what becomes of its answer. */
import type { Problem } from "@cartwright/functions";
import type { ClientResponse, InferRequestType, InferResponseType } from "hono/client";

/** What the API answered instead of what was asked for; `code` is stable and meant for programs. */
export class ProblemError extends Error {
  override name = "ProblemError";
  readonly status: number;
  readonly code: string;
  readonly problem: Partial<Problem>;

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail ?? `the API answered ${status}`);
    this.status = status;
    this.code = problem.code ?? "unknown";
    this.problem = problem;
  }
}

/** What an endpoint takes as its body. */
export type Body<Endpoint> = InferRequestType<Endpoint> extends { json: infer Json } ? Json : never;

export interface PageQuery {
  limit?: number;
  cursor?: string;
}

/** A key that nobody can guess or repeat by accident. */
export function newKey(): string {
  return crypto.randomUUID();
}

export function keyed(idempotencyKey: string) {
  return { "idempotency-key": idempotencyKey };
}

export function ifMatch(version: number) {
  return { "if-match": `"${version}"` };
}

export async function answer<Response extends ClientResponse<unknown>>(
  pending: Promise<Response>,
): Promise<InferResponseType<() => Promise<Response>>> {
  const response = await pending;
  if (response.ok) return (await response.json()) as InferResponseType<() => Promise<Response>>;
  throw await problemOf(response);
}

/** For what answers nothing. */
export async function done(pending: Promise<ClientResponse<unknown, number, string>>): Promise<void> {
  const response = await pending;
  if (!response.ok) throw await problemOf(response);
}

async function problemOf(response: ClientResponse<unknown, number, string>): Promise<ProblemError> {
  const problem = ((await response.json().catch(() => undefined)) ?? {}) as Partial<Problem>;
  return new ProblemError(response.status, problem);
}
