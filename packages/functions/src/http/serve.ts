import type { Hono } from "hono";
import { handle, type LambdaContext, type LambdaEvent } from "hono/aws-lambda";
import type { Env } from "./router.ts";

/**
 * A router as the Lambda handler behind the gateway. The gateway hands paths on decoded, where a `#` or a line feed
 * would change which resource a URL names; and it hands on a body of GET, which no Request may have.
 */
// biome-ignore lint/suspicious/noExplicitAny: a router's routes are of no interest here.
export function serve(app: Hono<Env, any>) {
  const run = handle(app);
  return (event: LambdaEvent, context?: LambdaContext) => {
    if (!("rawPath" in event)) return run(event, context);
    const rawPath = event.rawPath.split("/").map(encodeURIComponent).join("/");
    const hasBody = !["GET", "HEAD"].includes(event.requestContext.http.method);
    return run({ ...event, rawPath, body: hasBody ? event.body : null }, context);
  };
}
