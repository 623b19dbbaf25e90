/** Lambda's Invoke, which is the one call here that goes by path and headers instead of X-Amz-Target. */
import type * as http from "node:http";
import type { InvokeOutput } from "../function/function-api.ts";
import type { AwsError } from "./aws-error.ts";

interface Answer {
  statusCode: number;
  headers: http.OutgoingHttpHeaders;
  body: string;
}

/** What is in the address and the headers of an Invoke; undefined for any other request. */
export function invokeIn(request: http.IncomingMessage): Record<string, unknown> | undefined {
  const [path = "", query] = (request.url ?? "").split("?");
  const [, name] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(path) ?? [];
  if (name === undefined || request.method !== "POST") return undefined;
  return {
    FunctionName: decodeURIComponent(name),
    Qualifier: new URLSearchParams(query).get("Qualifier") ?? undefined,
    InvocationType: request.headers["x-amz-invocation-type"],
  };
}

export function invokeAnswer({ StatusCode, ExecutedVersion, FunctionError, Payload = "" }: InvokeOutput): Answer {
  return {
    statusCode: StatusCode,
    headers: {
      "content-type": "application/json",
      ...(ExecutedVersion && { "x-amz-executed-version": ExecutedVersion }),
      ...(FunctionError && { "x-amz-function-error": FunctionError }),
    },
    body: Payload,
  };
}

export function invokeFailure({ name, message, statusCode }: AwsError): Answer {
  const body = JSON.stringify({ Type: statusCode < 500 ? "User" : "Server", message });
  return { statusCode, headers: { "content-type": "application/json", "x-amzn-errortype": name }, body };
}
