import type { Actor } from "@cartwright/core/actor";
import { InvalidError } from "@cartwright/core/error";
import type { Limiter } from "@cartwright/core/limit";
import { note } from "@cartwright/core/spent";
import { type Cause, idSchema, isTraceparent, newId, newTraceparent, withPrefix } from "@cartwright/events";
import { Hono, type MiddlewareHandler } from "hono";
import type { LambdaEvent } from "hono/aws-lambda";
import { bodyLimit } from "hono/body-limit";
import { matchedRoutes } from "hono/route";
import { tell, unitOfWork } from "../work.ts";
import { clauseOf } from "./describe.ts";
import { respondNotFound, respondWithProblem } from "./problem.ts";
import { secure } from "./secure.ts";

export interface Env {
  Bindings: { event?: LambdaEvent };
  Variables: { cause: Cause; actor: Actor; code?: string; limiter?: Limiter; counted?: boolean };
}

/** Fifty lines with an address take a tenth of this. */
const maximumBodyBytes = 64 * 1024;

/**
 * What all routers share: request ids, one log line per request, problem answers, and headers that keep answers private.
 * `guards` come before all that refuses, such as `limitCallers`.
 */
export function router(...guards: MiddlewareHandler<Env>[]) {
  const app = new Hono<Env>();
  app.onError(respondWithProblem);
  app.notFound((c) => respondNotFound(c, methodsOf(app, c.req.path)));
  const before = [identifyRequest(), logRequest(), secure()];
  // What is refused is counted, too.
  const after = [refuseAmbiguousPath(), refuseUnknownQuery(), limitBody()];
  for (const guard of [...before, ...guards, ...after]) app.use(guard);
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
    c.header("Cache-Control", "no-store");
    await next();
  };
}

/** Such a path would be read in several ways on its way here: `/orders/../users` for one names what it doesn't say. */
function refuseAmbiguousPath(): MiddlewareHandler<Env> {
  return async function checkPath(c, next) {
    const { http } = (c.env?.event?.requestContext ?? {}) as { http?: { path?: string } };
    const path = http?.path ?? "";
    if (/\p{Cs}/u.test(path) || path.split("/").some((segment) => segment === "." || segment === "..")) {
      throw new InvalidError("malformed", "the path is not one that a URL can have");
    }
    await next();
  };
}

/** Where a route takes no query, something in it would be what the caller believes in and we ignore. */
function refuseUnknownQuery(): MiddlewareHandler<Env> {
  return async function checkQuery(c, next) {
    const clauses = matchedRoutes(c).flatMap(({ handler }) => clauseOf(handler) ?? []);
    const isDescribed = clauses.some(({ operation }) => operation);
    const [name] = Object.keys(c.req.query());
    if (isDescribed && name !== undefined && !clauses.some(({ query, access }) => query || access === "provider")) {
      const message = "there is no such parameter: leave it out";
      throw new InvalidError("invalid_request", `${name}: ${message}`, [
        { path: name.slice(0, 100), code: "unknown_field", message },
      ]);
    }
    await next();
  };
}

function limitBody(): MiddlewareHandler<Env> {
  return bodyLimit({
    maxSize: maximumBodyBytes,
    onError: () => {
      throw new InvalidError("body_too_large", `a request body has at most ${maximumBodyBytes} bytes`);
    },
  });
}

function logRequest(): MiddlewareHandler<Env> {
  return async function logged(c, next) {
    const { correlationId, traceparent } = c.get("cause");
    await unitOfWork("request", { correlationId, traceparent }, async () => {
      await next();
      const { status } = c.res;
      note({ orderId: orderIdOf(c.req.param("id")) });
      tell({ route: `${c.req.method} ${c.req.routePath}`, status, outcome: outcomeOf(status), code: c.get("code") });
    });
  };
}

function outcomeOf(status: number): string {
  if (status >= 500) return "failed";
  return status >= 400 ? "refused" : "done";
}

const [OrderID, PaymentID] = [idSchema("ord"), idSchema("pay")];

/** Of an order, or of its payment. Other ids are not for the log: that of a guest's cart is all that protects it. */
function orderIdOf(id = ""): string | undefined {
  if (OrderID.safeParse(id).success) return id;
  return PaymentID.safeParse(id).success ? withPrefix("ord", id) : undefined;
}

/** Those that a path has a route for. Whatever has one for GET answers HEAD, too. */
function methodsOf(app: Hono<Env>, path: string): string[] {
  const methods = [...new Set(app.routes.map(({ method }) => method))].filter((method) => method !== "ALL");
  const taken = methods.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
  return taken.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
}
