import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import * as z from "zod";

const Configuration = z.object({
  allowCredentials: z.boolean().default(false),
  allowHeaders: z.array(z.string()).default([]),
  allowMethods: z.array(z.string()).default([]),
  allowOrigins: z.array(z.string()).default([]),
  exposeHeaders: z.array(z.string()).default([]),
  maxAge: z.number().default(0),
});

export interface Cors {
  /** API Gateway answers preflight requests by itself, whatever the routes. */
  isPreflight(method: string, headers: IncomingHttpHeaders): boolean;
  preflightHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders;
  /** Added to every other answer; those of the integration itself are ignored. */
  answerHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders;
}

/** An HTTP API's CORS as its `cors` configuration says. A disallowed origin gets an answer without CORS headers. */
export function createCors(recorded: Record<string, unknown>): Cors {
  const configuration = Configuration.parse(recorded);
  return {
    isPreflight: (method, headers) =>
      method === "OPTIONS" && headers.origin !== undefined && headers["access-control-request-method"] !== undefined,
    preflightHeaders(headers) {
      const allowed = originHeaders(configuration, headers.origin);
      if (!allowed) return {};
      return {
        ...allowed,
        ...(configuration.allowMethods.length > 0 && {
          "access-control-allow-methods": configuration.allowMethods.join(","),
        }),
        ...(configuration.allowHeaders.length > 0 && {
          "access-control-allow-headers": configuration.allowHeaders.join(","),
        }),
        ...(configuration.maxAge > 0 && { "access-control-max-age": String(configuration.maxAge) }),
      };
    },
    answerHeaders(headers) {
      const allowed = originHeaders(configuration, headers.origin);
      if (!allowed) return {};
      const exposed = configuration.exposeHeaders.join(",");
      return { ...allowed, ...(exposed && { "access-control-expose-headers": exposed }) };
    },
  };
}

function originHeaders(
  configuration: z.infer<typeof Configuration>,
  origin: string | undefined,
): OutgoingHttpHeaders | undefined {
  if (origin === undefined) return undefined;
  const anyone = configuration.allowOrigins.includes("*");
  if (!anyone && !configuration.allowOrigins.some((allowed) => covers(allowed, origin))) return undefined;
  return {
    "access-control-allow-origin": anyone && !configuration.allowCredentials ? "*" : origin,
    ...(!anyone && { vary: "Origin" }),
    ...(configuration.allowCredentials && { "access-control-allow-credentials": "true" }),
  };
}

/** "https://*" allows every origin of that scheme. */
function covers(allowed: string, origin: string): boolean {
  return allowed === origin || (allowed.endsWith("://*") && origin.startsWith(allowed.slice(0, -1)));
}
