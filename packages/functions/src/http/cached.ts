import type { MiddlewareHandler } from "hono";
import { etag, RETAINED_304_HEADERS } from "hono/etag";
import { enforcing } from "./describe.ts";
import type { Env } from "./router.ts";

const keepTags = etag({ retainedHeaders: [...RETAINED_304_HEADERS, "X-Request-Id"] });

const ifNoneMatch = {
  name: "If-None-Match",
  description: "The `ETag` of what the caller has: if it is still right, the answer is `304`.",
  pattern: "^.*$",
  example: '"3"',
  optional: true,
};

/**
 * For what everybody may see: lets caches keep it for a while, and answers 304 to those who have it already. What somebody
 * sees who has signed in is kept nowhere. An answer without an `ETag` gets one of its body.
 */
export function publiclyCached({ maximumAgeSeconds }: { maximumAgeSeconds: number }): MiddlewareHandler<Env> {
  return enforcing({ conditional: true, header: ifNoneMatch }, async function allowCaching(c, next) {
    await keepTags(c, next);
    if (c.res.status !== 200 && c.res.status !== 304) return;
    // Where several web origins may call, the gateway's answer to each is another one.
    c.header("Vary", "Authorization, Origin", { append: true });
    if (c.req.header("Authorization") === undefined) {
      c.header("Cache-Control", `public, max-age=${maximumAgeSeconds}`);
    }
  });
}
