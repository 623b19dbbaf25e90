import type { Hono } from "hono";
import { handle, type LambdaContext, type LambdaEvent } from "hono/aws-lambda";
import type { Env } from "./router.ts";

/** Methods that no Request can be made with. None of ours has a route, so it doesn't matter which other one they become. */
const unspeakable = new Set(["CONNECT", "TRACE", "TRACK"]);

/**
 * A router as the Lambda handler behind the gateway. The gateway hands paths on decoded, where a `#` or a line feed
 * would change which resource a URL names; and it hands on a body of GET, which no Request may have.
 */
// biome-ignore lint/suspicious/noExplicitAny: a router's routes are of no interest here.
export function serve(app: Hono<Env, any>) {
  const run = handle(app);
  return (event: LambdaEvent, context?: LambdaContext) => {
    if (!("rawPath" in event)) return run(event, context);
    const { requestContext } = event;
    const { method } = requestContext.http;
    const hasBody = !["GET", "HEAD"].includes(method);
    const http = { ...requestContext.http, method: unspeakable.has(method) ? "OPTIONS" : method };
    return run(
      {
        ...event,
        rawPath: event.rawPath.split("/").map(encodeSegment).join("/"),
        requestContext: { ...requestContext, http },
        body: hasBody ? event.body : null,
      },
      context,
    );
  };
}

/** Half of a surrogate pair has no encoding: the router refuses such a path by what the gateway says it was. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment.replaceAll(/\p{Cs}/gu, "\ufffd"));
}
