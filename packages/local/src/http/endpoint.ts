import type * as http from "node:http";
import { DisconnectError, type DynamoDoor } from "../dynamo/dynamo.ts";
import type { Engine } from "../dynamo/engine.ts";
import type { InvokeOutput } from "../function/function-api.ts";
import type { Caller, Tracer } from "../function/trace.ts";
import type { Access } from "../iam/access.ts";
import type { Random } from "../random.ts";
import { AwsError, parseObject } from "./aws-error.ts";
import { invokeAnswer, invokeFailure, invokeIn } from "./invoke-protocol.ts";

export type Input = Record<string, unknown>;

/** The operations of one AWS service, by name. */
export type Operations = Record<string, Operation | undefined>;
export type Operation = (input: Input, caller: Caller | undefined) => unknown;

export interface EndpointOptions {
  engine: Engine;
  dynamo: DynamoDoor;
  /** Services by the first part of X-Amz-Target, e.g. "AmazonSQS"; Lambda, which has none, is "AWSLambda". */
  services: Record<string, Operations>;
  /** Judges the calls of functions. Nobody else's are judged: tests and tools act as the developer. */
  access: Pick<Access, "authorize">;
  /** What a GET of a path shows, such as a user pool's keys. */
  document: (path: string, query: URLSearchParams) => unknown | undefined;
  tracer: Tracer;
  random: Random;
}

interface Answer {
  statusCode: number;
  headers?: http.OutgoingHttpHeaders;
  body: Buffer | string;
}

/** What the AWS SDKs take for all of AWS. */
export function createEndpoint(options: EndpointOptions): http.RequestListener {
  return (request, response) => {
    answer(options, request).then(
      ({ statusCode, headers, body }) => {
        response.writeHead(statusCode, {
          "content-type": request.headers["content-type"] ?? "application/json",
          "content-length": Buffer.byteLength(body),
          "x-amzn-requestid": options.random.uuid(),
          ...headers,
        });
        response.end(body);
      },
      // Only a broken connection gets here; every other error has become an answer.
      () => response.destroy(),
    );
  };
}

async function answer(options: EndpointOptions, request: http.IncomingMessage): Promise<Answer> {
  const target = request.headers["x-amz-target"];
  if (request.method === "GET" && target === undefined) {
    const [path = "/", query] = (request.url ?? "/").split("?");
    const shown = options.document(path, new URLSearchParams(query));
    return shown === undefined ? notFound(request) : { statusCode: 200, body: JSON.stringify(shown) };
  }
  const caller = callerOf(options.tracer, request);
  const body = await readBody(request);
  refuseKilled(caller);
  const invoke = invokeIn(request);
  try {
    const result = invoke
      ? invokeAnswer(
          (await perform(options, "AWSLambda", "Invoke", { ...invoke, Payload: body }, caller)) as InvokeOutput,
        )
      : await dispatch(options, String(target ?? ""), body, caller);
    // An environment that was killed meanwhile learns nothing from the answer.
    refuseKilled(caller);
    return result;
  } catch (error) {
    if (error instanceof DisconnectError) throw error;
    return invoke ? invokeFailure(named(error)) : failure(named(error));
  }
}

function callerOf(tracer: Tracer, request: http.IncomingMessage): Caller | undefined {
  const header = request.headers["x-amzn-trace-id"];
  return tracer.callerOf(Array.isArray(header) ? header[0] : header);
}

function refuseKilled(caller: Caller | undefined): void {
  if (caller?.killed) throw new DisconnectError(`The invocation ${caller.requestId} was killed.`);
}

async function dispatch(
  options: EndpointOptions,
  target: string,
  body: Buffer,
  caller: Caller | undefined,
): Promise<Answer> {
  const [service = "", name = ""] = target.split(".");
  if (service === "DynamoDB_20120810") {
    authorize(options, service, name, parse(body), caller);
    return options.dynamo(name, body, caller);
  }
  if (service === "DynamoDBStreams_20120810") {
    authorize(options, service, name, parse(body), caller);
    return options.engine.forward(target, body);
  }
  const output = await perform(options, service, name, parse(body), caller);
  return { statusCode: 200, body: JSON.stringify(output ?? {}) };
}

async function perform(
  options: EndpointOptions,
  service: string,
  name: string,
  input: Input,
  caller: Caller | undefined,
): Promise<unknown> {
  const operations = Object.hasOwn(options.services, service) ? options.services[service] : undefined;
  const operation = operations && Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (!operation) {
    const emulated = operations ? `${service} has ${Object.keys(operations).join(", ")}` : "this service has nothing";
    throw new AwsError(
      "UnknownOperationException",
      `${service ? `${service}.${name}` : "A request without X-Amz-Target"} isn't emulated on this machine: ${emulated}.`,
    );
  }
  authorize(options, service, name, input, caller);
  return operation(input, caller);
}

function authorize(
  { access }: EndpointOptions,
  service: string,
  operation: string,
  input: Input,
  caller: Caller | undefined,
): void {
  if (caller) access.authorize(caller.functionName, service, operation, input);
}

function parse(body: Buffer): Input {
  return parseObject(body.toString() || "{}") as Input;
}

function named(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  return new AwsError("InternalFailure", error instanceof Error ? (error.stack ?? error.message) : String(error), 500);
}

function failure({ name, message, statusCode }: AwsError): Answer {
  return { statusCode, body: JSON.stringify({ __type: name, message }) };
}

function notFound(request: http.IncomingMessage): Answer {
  return { statusCode: 404, body: JSON.stringify({ message: `Nothing is at ${request.url}.` }) };
}

async function readBody(request: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
