import type { Context } from "hono";
import type { Env } from "./router.ts";

/** A header as it was sent: the adapter for Lambda percent-encodes what is not ASCII, and drops one that is empty. */
export function headerAsSent(c: Context<Env>, name: string): string | undefined {
  const sent = c.env?.event?.headers?.[name.toLowerCase()];
  return typeof sent === "string" ? sent : c.req.header(name);
}
