import { note } from "@cartwright/core/spent";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Env } from "./router.ts";
import type { IdempotencyKey } from "./valid.ts";

/** Who asks for something that is done once, and under which key. */
export function requester(c: Context<Env, string, IdempotencyKey>): { actorId: string; idempotencyKey: string } {
  return { actorId: c.get("actor").userId, idempotencyKey: c.req.valid("header")["idempotency-key"] };
}

/** Tells that the same key has had this answer before. */
export function tellReplayed(c: Context<Env>, replayed: boolean): void {
  note({ idempotency: replayed ? "replayed" : "new" });
  if (replayed) c.header("Idempotent-Replayed", "true");
}

/** Answers with something that is changed by `If-Match`: its version is its `ETag`. */
export function withETag<Resource extends { version: number }, Status extends ContentfulStatusCode = 200>(
  c: Context<Env>,
  resource: Resource,
  status?: Status,
) {
  c.header("ETag", `"${resource.version}"`);
  return c.json(resource, status);
}
