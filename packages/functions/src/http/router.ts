import type { Actor } from "@cartwright/core/actor";
import { InvalidError } from "@cartwright/core/error";
import { type Cause, isTraceparent, newId, newTraceparent } from "@cartwright/events";
import { Hono, type MiddlewareHandler } from "hono";
import type { LambdaEvent } from "hono/aws-lambda";
import { bodyLimit } from "hono/body-limit";
import { log } from "../log.ts";
import { respondNotFound, respondWithProblem } from "./problem.ts";

export interface Env {
  Bindings: { event?: LambdaEvent };
  Variables: { cause: Cause; actor: Actor; code?: string; orderId?: string };
}

/** Fifty lines with an address take a tenth of this. */
const maximumBodyBytes = 64 * 1024;

/** What all routers share: request ids, one log line per request, problem answers, and headers that keep answers private. */
export function router() {
  const app = new Hono<Env>();
  app.onError(respondWithProblem);
  app.notFound(respondNotFound);
  app.use(identifyRequest());
  app.use(logRequest());
  app.use(bodyLimit({ maxSize: maximumBodyBytes, onError: refuseBody }));
  return app;
}

/**
 * The gateway's request id begins the correlation, and the trace is the caller's or a new one: every event that follows
 * from this request carries both.
 */
function identifyRequest(): MiddlewareHandler<Env> {
  return async function identify(c, next) {
    const given = c.env?.event?.requestContext as { requestId?: string } | undefined;
    const sent = c.req.header("traceparent");
    const traceparent = isTraceparent(sent) ? sent : newTraceparent();
    const correlationId = given?.requestId ?? newId("req");
    c.set("cause", { correlationId, traceparent });
    c.header("X-Request-Id", correlationId);
    c.header("X-Content-Type-Options", "nosniff");
    c.header("Cache-Control", "no-store");
    await next();
  };
}

function refuseBody(): never {
  throw new InvalidError("body_too_large", `a request body has at most ${maximumBodyBytes} bytes`);
}

function logRequest(): MiddlewareHandler<Env> {
  return async function logged(c, next) {
    const startedAt = performance.now();
    await next();
    log("request", {
      route: `${c.req.method} ${c.req.routePath}`,
      status: c.res.status,
      durationMs: Math.round(performance.now() - startedAt),
      requestId: c.get("cause").correlationId,
      traceparent: c.get("cause").traceparent,
      orderId: c.get("orderId"),
      code: c.get("code"),
    });
  };
}
