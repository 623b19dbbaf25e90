import type { Topology } from "@cartwright/topology";
import * as z from "zod";
import { AwsError } from "../http/aws-error.ts";
import type { Operations } from "../http/endpoint.ts";
import { InvocationRefusedError } from "./function-host.ts";
import type { Invocation, Invoke } from "./invocation.ts";

export interface FunctionApiOptions {
  functions: Topology["functions"];
  invoke: Invoke;
  /** For whoever doesn't wait for the answer. */
  invokeAsync: (functionArn: string, event: unknown) => Promise<void>;
}

/** What Lambda answers to an Invoke; its REST protocol puts all but the payload into status and headers. */
export interface InvokeOutput {
  StatusCode: number;
  ExecutedVersion?: string;
  FunctionError?: "Unhandled";
  Payload?: string;
}

const InvokeInput = z.object({
  /** A name, an ARN, or the end of one; the last two may end in a version. */
  FunctionName: z.string(),
  Qualifier: z.string().optional(),
  InvocationType: z.enum(["RequestResponse", "Event", "DryRun"]).default("RequestResponse"),
  Payload: z.instanceof(Buffer),
});

/** A megabyte, for events that Lambda keeps until the function has run. */
const maximumEventBytes = 1_048_576;

const statusCodes: Record<string, number> = {
  RequestTooLargeException: 413,
  ResourceNotFoundException: 404,
  TooManyRequestsException: 429,
};

/** What Lambda is asked: to run a function. */
export function functionOperations({ functions, invoke, invokeAsync }: FunctionApiOptions): Operations {
  return {
    async Invoke(raw): Promise<InvokeOutput> {
      const parsed = InvokeInput.safeParse(raw);
      if (!parsed.success) throw new AwsError("ValidationException", z.prettifyError(parsed.error));
      const { FunctionName, Qualifier, InvocationType, Payload } = parsed.data;
      const { arn, version } = found(functions, FunctionName, Qualifier);
      const event = eventIn(Payload);
      if (InvocationType === "DryRun") return { StatusCode: 204 };
      if (InvocationType === "RequestResponse") {
        return { ...answerOf(await invoke(arn, event).catch(refused)), ExecutedVersion: version };
      }
      if (Payload.length > maximumEventBytes) throw tooLarge(Payload.length);
      await invokeAsync(arn, event);
      return { StatusCode: 202 };
    },
  };
}

function found(functions: Topology["functions"], functionName: string, qualifier: string | undefined) {
  const [, name, suffix] =
    /^(?:(?:arn:aws:lambda:[^:]+:)?\d{12}:function:)?([^:]+)(?::([^:]+))?$/.exec(functionName) ?? [];
  const version = qualifier ?? suffix ?? "$LATEST";
  const lambda = Object.values(functions).find((one) => one.name === name);
  const isThere = version === "$LATEST" || version === lambda?.version;
  if (lambda && isThere) return { arn: lambda.arn, version };
  throw new AwsError("ResourceNotFoundException", `Function not found: ${functionName}:${version}`, 404);
}

function eventIn(payload: Buffer): unknown {
  if (payload.length === 0) return {};
  try {
    return JSON.parse(payload.toString());
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AwsError("InvalidRequestContentException", `Could not parse request body into json: ${reason}`);
  }
}

/** A function that failed was called all the same. */
function answerOf(outcome: Invocation): InvokeOutput {
  if (outcome.ok) return { StatusCode: 200, Payload: JSON.stringify(outcome.payload ?? null) };
  return { StatusCode: 200, FunctionError: "Unhandled", Payload: JSON.stringify(outcome.error) };
}

function refused(error: unknown): never {
  if (!(error instanceof InvocationRefusedError)) throw error;
  const name = error.name.replace(/^Lambda\./, "");
  throw new AwsError(name, error.message, statusCodes[name]);
}

function tooLarge(bytes: number): AwsError {
  const message = `${bytes} byte payload is too large for the Event invocation type (limit ${maximumEventBytes} bytes)`;
  return new AwsError("RequestTooLargeException", message, 413);
}
