import type { MiddlewareHandler } from "hono";
import type { Env } from "./router.ts";

/** What browsers may make of an answer: nothing but data. A page says itself what it needs. */
const always: Record<string, string> = {
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "Strict-Transport-Security": "max-age=63072000",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

/** Adds the headers to every answer, problems and `304` included, save for those that the answer has brought itself. */
export function secure(): MiddlewareHandler<Env> {
  return async function addHeaders(c, next) {
    await next();
    for (const [name, value] of Object.entries(always)) {
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    }
  };
}
