import type { MiddlewareHandler } from "hono";
import { etag, RETAINED_304_HEADERS } from "hono/etag";
import type { Env } from "./router.ts";

const keepTags = etag({ retainedHeaders: [...RETAINED_304_HEADERS, "X-Content-Type-Options", "X-Request-Id"] });

/**
 * For what everybody may see: lets caches keep it for a while, and answers 304 to those who have it already. What somebody
 * sees who has signed in is kept nowhere. An answer without an `ETag` gets one of its body.
 */
export function publiclyCached({ maximumAgeSeconds }: { maximumAgeSeconds: number }): MiddlewareHandler<Env> {
  return async function allowCaching(c, next) {
    await keepTags(c, next);
    if (c.res.status !== 200 && c.res.status !== 304) return;
    c.header("Vary", "Authorization", { append: true });
    if (c.req.header("Authorization") === undefined) {
      c.header("Cache-Control", `public, max-age=${maximumAgeSeconds}`);
    }
  };
}
