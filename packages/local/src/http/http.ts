import type * as http from "node:http";
import type { Api } from "@cartwright/topology";
import type { Clock } from "../clock.ts";
import type { Invocation } from "../function/invocation.ts";
import type { Random } from "../random.ts";
import { type Cors, createCors } from "./cors.ts";
import { compileRoutes, type RouteMatch } from "./route.ts";

export interface HttpApiOptions {
  api: Api;
  account: string;
  invoke: (functionArn: string, event: unknown) => Promise<Invocation>;
  clock: Clock;
  random: Random;
  /** One API Gateway request; `correlationId` is its request id. Without a matching route, `route` is undefined. */
  onRequest?: (request: { correlationId: string; route: string | undefined }) => void;
  onAnswer?: (statusCode: number) => void;
}

interface Answer {
  statusCode: number;
  headers: http.OutgoingHttpHeaders;
  body: Buffer;
}

const maximumBodyBytes = 10 * 1024 * 1024;
const integrationTimeoutMs = 30_000;

/** API Gateway's HTTP API with payload format 2.0 in front of the functions. */
export function createHttpApi(options: HttpApiOptions): http.RequestListener {
  const { api } = options;
  const secured = api.routes.find((route) => route.authorization !== "NONE");
  if (secured) {
    throw new Error(
      `The route ${secured.key} has the authorizer ${secured.authorization}, which isn't emulated: ` +
        "verify tokens in the function, and record the route with NONE.",
    );
  }
  const findRoute = compileRoutes(api.routes);
  const cors = api.cors && createCors(api.cors);
  return (request, response) => {
    handle(options, findRoute, cors, request).then(
      (answer) => {
        options.onAnswer?.(answer.statusCode);
        respond(request, response, answer);
      },
      // The client went away while it was still sending.
      () => response.destroy(),
    );
  };
}

async function handle(
  options: HttpApiOptions,
  findRoute: ReturnType<typeof compileRoutes>,
  cors: Cors | undefined,
  request: http.IncomingMessage,
): Promise<Answer> {
  const correlationId = options.random.uuid();
  const method = request.method ?? "GET";
  if (cors?.isPreflight(method, request.headers)) {
    request.resume();
    options.onRequest?.({ correlationId, route: undefined });
    return { statusCode: 204, headers: cors.preflightHeaders(request.headers), body: Buffer.alloc(0) };
  }
  const body = await readBody(request);
  const answer = body ? await dispatch(options, findRoute, request, method, correlationId, body) : tooLarge;
  const headers = cors ? { ...withoutCors(answer.headers), ...cors.answerHeaders(request.headers) } : answer.headers;
  return { ...answer, headers: { ...headers, "apigw-requestid": correlationId } };
}

async function dispatch(
  options: HttpApiOptions,
  findRoute: ReturnType<typeof compileRoutes>,
  request: http.IncomingMessage,
  method: string,
  correlationId: string,
  body: Buffer,
): Promise<Answer> {
  const [encodedPath = "/", ...query] = (request.url ?? "/").split("?");
  const path = decodePath(encodedPath);
  const found = path === undefined ? undefined : findRoute(method, path);
  options.onRequest?.({ correlationId, route: found?.route.key });
  if (path === undefined) return message(400, "Bad Request");
  if (!found) return message(404, "Not Found");
  const event = eventOf(options, request, found, {
    method,
    path,
    rawQueryString: query.join("?"),
    correlationId,
    body,
  });
  try {
    const result = await withinTimeout(options.clock, options.invoke(found.route.function, event));
    if (result === undefined) return message(503, "Service Unavailable");
    return (result.ok && answerOf(result.payload)) || message(500, "Internal Server Error");
  } catch (error) {
    if (error instanceof Error && error.name === "Lambda.RequestTooLargeException") return tooLarge;
    // The function could not be called: it is missing, or all its concurrency is taken.
    return message(500, "Internal Server Error");
  }
}

/** The gateway hands on a decoded path, which ends where a question mark was encoded in it. */
function decodePath(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded).split("?")[0];
  } catch {
    return undefined;
  }
}

/** Undefined when the integration took longer than the gateway waits; the function itself goes on. */
async function withinTimeout(clock: Clock, invocation: Promise<Invocation>): Promise<Invocation | undefined> {
  let cancel = () => {};
  const late = new Promise<undefined>((resolve) => {
    const timer = clock.setTimer(clock.now() + integrationTimeoutMs, () => resolve(undefined));
    cancel = () => timer.cancel();
  });
  try {
    return await Promise.race([invocation, late]);
  } finally {
    cancel();
  }
}

interface RequestParts {
  method: string;
  path: string;
  rawQueryString: string;
  correlationId: string;
  body: Buffer;
}

/** The event of payload format version 2.0. */
function eventOf(options: HttpApiOptions, request: http.IncomingMessage, found: RouteMatch, parts: RequestParts) {
  const { method, path, rawQueryString, body, correlationId } = parts;
  const nowMs = options.clock.now();
  const host = request.headers.host ?? "127.0.0.1";
  const cookies = request.headers.cookie?.split(/;\s*/).filter(Boolean);
  const queryStringParameters = joinQuery(rawQueryString);
  const isText = isTextType(request.headers["content-type"]);
  return {
    version: "2.0",
    routeKey: found.route.key,
    rawPath: path,
    rawQueryString,
    ...(cookies?.length && { cookies }),
    headers: requestHeaders(request),
    ...(queryStringParameters && { queryStringParameters }),
    ...(Object.keys(found.pathParameters).length > 0 && { pathParameters: found.pathParameters }),
    requestContext: {
      accountId: options.account,
      apiId: options.api.id,
      domainName: host,
      domainPrefix: host.split(".")[0],
      http: {
        method,
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? "127.0.0.1",
        userAgent: request.headers["user-agent"] ?? "",
      },
      requestId: correlationId,
      routeKey: found.route.key,
      stage: "$default",
      time: logTime(nowMs),
      timeEpoch: nowMs,
    },
    ...(body.length > 0 && { body: body.toString(isText ? "utf8" : "base64") }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** The only types that the gateway passes on as text; everything else arrives in base64, even a form. */
function isTextType(contentType: string | undefined): boolean {
  const type = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  return type.startsWith("text/") || /^application\/(json|xml|javascript)$/.test(type);
}

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

function requestHeaders(request: http.IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (!values || hopByHop.has(name) || name === "cookie") continue;
    headers[name] = values.join(",");
  }
  headers["x-forwarded-for"] = request.socket.remoteAddress ?? "127.0.0.1";
  headers["x-forwarded-port"] = String(request.socket.localPort ?? "");
  headers["x-forwarded-proto"] = "http";
  return headers;
}

/** Values of a repeated name are joined by commas. */
function joinQuery(rawQueryString: string): Record<string, string> | undefined {
  if (rawQueryString === "") return undefined;
  const joined: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    joined[name] = name in joined ? `${joined[name]},${value}` : value;
  }
  return joined;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** As in access logs: 12/Mar/2026:19:03:58 +0000 */
function logTime(timeMs: number): string {
  const iso = new Date(timeMs).toISOString();
  return `${iso.slice(8, 10)}/${months[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}

/** Undefined when the body is larger than the gateway takes. What follows is read and dropped, so that we can answer. */
async function readBody(request: http.IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maximumBodyBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return bytes > maximumBodyBytes ? undefined : Buffer.concat(chunks);
}

interface FunctionAnswer {
  statusCode?: unknown;
  headers?: Record<string, unknown>;
  cookies?: unknown[];
  body?: unknown;
  isBase64Encoded?: unknown;
}

/** Without a status code the whole payload is the body, as JSON. Undefined when the gateway would refuse the answer. */
function answerOf(payload: unknown): Answer | undefined {
  const answer = payload as FunctionAnswer | null;
  if (typeof answer !== "object" || answer === null || !("statusCode" in answer)) {
    const text = typeof payload === "string" ? payload : JSON.stringify(payload);
    return { statusCode: 200, headers: { "content-type": "application/json" }, body: Buffer.from(text) };
  }
  const statusCode = Number(answer.statusCode);
  if (!Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599) return undefined;
  if (answer.body !== undefined && answer.body !== null && typeof answer.body !== "string") return undefined;
  const headers: http.OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(answer.headers ?? {})) {
    const lowerCase = name.toLowerCase();
    if (!hopByHop.has(lowerCase) && lowerCase !== "content-length") headers[lowerCase] = String(value);
  }
  headers["content-type"] ??= "text/plain; charset=utf-8";
  if (answer.cookies?.length) headers["set-cookie"] = answer.cookies.map(String);
  const body = Buffer.from(answer.body ?? "", answer.isBase64Encoded === true ? "base64" : "utf8");
  return { statusCode, headers, body };
}

function withoutCors(headers: http.OutgoingHttpHeaders): http.OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith("access-control-")));
}

function message(statusCode: number, text: string): Answer {
  const body = Buffer.from(JSON.stringify({ message: text }));
  return { statusCode, headers: { "content-type": "application/json" }, body };
}

const tooLarge = message(413, "Request Entity Too Large");

function respond(request: http.IncomingMessage, response: http.ServerResponse, answer: Answer): void {
  const hasBody = answer.statusCode !== 204 && answer.statusCode !== 304;
  response.writeHead(answer.statusCode, {
    ...answer.headers,
    ...(hasBody && { "content-length": answer.body.length }),
  });
  response.end(hasBody && request.method !== "HEAD" ? answer.body : undefined);
}
