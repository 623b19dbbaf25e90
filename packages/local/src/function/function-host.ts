import type { Lambda, Topology } from "@cartwright/topology";
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import type { Bundle } from "./bundle.ts";
import { correlationIdsOf } from "./correlation.ts";
import type { FunctionError, Invocation } from "./invocation.ts";
import { evaluateInSandbox } from "./sandbox.ts";
import type { Caller, Tracer } from "./trace.ts";

/** A function could not be called at all; named as Step Functions names it. */
export class InvocationRefusedError extends Error {
  override readonly name: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

export interface LogLine {
  timeMs: number;
  /** Logical name of the function. */
  functionName: string;
  requestId: string;
  text: string;
}

export interface FinishedInvocation {
  functionName: string;
  correlationIds: string[];
  durationMs: number;
  memoryMb: number;
  error?: FunctionError;
}

/** For tests: throw to fail the invocation as the handler would, answer "kill" to end its execution environment. */
export interface InvocationHooks {
  /** Nothing has happened yet. */
  beforeInvoke?: InvocationHook;
  /** The handler has done its work, and nobody has seen its answer. */
  afterInvoke?: InvocationHook;
}

/** A promise holds the invocation at this point until it resolves. */
type InvocationHook = (functionName: string, event: unknown) => "kill" | undefined | Promise<"kill" | undefined>;

export interface FunctionHostOptions {
  functions: Topology["functions"];
  /** By handler file, as `bundleHandlers` answers it. */
  bundles: Map<string, Bundle>;
  environmentOf: (lambda: Lambda) => Record<string, string>;
  tracer: Tracer;
  clock: Clock;
  random: Random;
  onLog?: (line: LogLine) => void;
  onFinished?: (invocation: FinishedInvocation) => void;
  /** As many of it run as may. */
  onThrottled?: (functionName: string) => void;
  hooks?: InvocationHooks;
}

export interface FunctionHost {
  /**
   * Runs a function by ARN, logical or physical name, synchronously in Lambda's sense. A failed handler is an answer;
   * it rejects with InvocationRefusedError when there is nothing to run or no room for it.
   */
  invoke(nameOrArn: string, event: unknown): Promise<Invocation>;
  running(): number;
  /** Waits for what runs, for at most `graceMs` of real time; then its environments are killed. */
  stop(graceMs?: number): Promise<void>;
}

type Handler = (event: unknown, context: unknown) => unknown;

interface HostedFunction {
  name: string;
  lambda: Lambda;
  running: number;
  handler?: Handler | undefined;
}

interface Run {
  caller: Caller;
  /** Ends the invocation from outside, like the end of its execution environment. */
  end: (error: FunctionError) => void;
}

/** What Lambda accepts and answers at most in a synchronous call. */
const maximumPayloadBytes = 6 * 1024 * 1024;

export function createFunctionHost(options: FunctionHostOptions): FunctionHost {
  const { tracer, clock, random } = options;
  const hosted = Object.entries(options.functions).map(
    ([name, lambda]): HostedFunction => ({ name, lambda, running: 0 }),
  );
  const lookup = new Map(hosted.flatMap((one) => namesOf(one).map((key) => [key, one])));
  const runs = new Map<string, Run>();
  const releaseProcess = guardProcess(tracer, runs, ({ functionName, requestId }, error) => {
    const text = `${error.errorType}: ${error.trace?.join("\n") || error.errorMessage}`;
    options.onLog?.({ timeMs: clock.now(), functionName, requestId, text });
  });

  async function invoke(nameOrArn: string, event: unknown): Promise<Invocation> {
    const target = lookup.get(nameOrArn);
    if (!target) {
      const known = hosted.map(({ name }) => name).join(", ");
      throw refuse("ResourceNotFoundException", `Function not found: ${nameOrArn}. Known: ${known}.`);
    }
    const limit = target.lambda.reservedConcurrency;
    if (limit !== undefined && target.running >= limit) {
      options.onThrottled?.(target.name);
      throw refuse("TooManyRequestsException", `Rate Exceeded: ${target.name} runs ${limit} times already.`);
    }
    const payload = JSON.stringify(event ?? null);
    if (Buffer.byteLength(payload) > maximumPayloadBytes) {
      throw refuse("RequestTooLargeException", `The event for ${target.name} is larger than 6 MB.`);
    }
    return perform(target, JSON.parse(payload));
  }

  async function perform(target: HostedFunction, event: unknown): Promise<Invocation> {
    const caller: Caller = {
      requestId: random.uuid(),
      functionName: target.name,
      correlationIds: correlationIdsOf(event),
      killed: false,
    };
    const startedAtMs = clock.now();
    target.running++;
    let outcome: Invocation;
    try {
      outcome = await tracer.run(caller, () => race(target, caller, event));
    } finally {
      target.running--;
      runs.delete(caller.requestId);
    }
    options.onFinished?.({
      functionName: target.name,
      correlationIds: caller.correlationIds,
      durationMs: clock.now() - startedAtMs,
      memoryMb: target.lambda.memoryMb,
      ...(!outcome.ok && { error: outcome.error }),
    });
    return outcome;
  }

  /** The handler against its timeout, and against whatever may end its environment. */
  function race(target: HostedFunction, caller: Caller, event: unknown): Promise<Invocation> {
    return new Promise((resolve) => {
      const { timeoutSeconds } = target.lambda;
      const deadlineMs = clock.now() + timeoutSeconds * 1000;
      const end = (error: FunctionError) => {
        caller.killed = true;
        target.handler = undefined;
        settle({
          ok: false,
          error: { ...error, errorMessage: `RequestId: ${caller.requestId} ${error.errorMessage}` },
        });
      };
      const settle = (outcome: Invocation) => {
        timer.cancel();
        resolve(outcome);
      };
      const timer = clock.setTimer(deadlineMs, () =>
        end({
          errorType: "Sandbox.Timedout",
          errorMessage: `Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`,
        }),
      );
      runs.set(caller.requestId, { caller, end });
      const context = contextOf(target.lambda, caller, () => deadlineMs - clock.now());
      attempt(target, caller, event, context).then(settle, (error) => {
        if (error === killed) end(killedError);
        else settle({ ok: false, error: functionErrorOf(error) });
      });
    });
  }

  async function attempt(
    target: HostedFunction,
    caller: Caller,
    event: unknown,
    context: unknown,
  ): Promise<Invocation> {
    if ((await options.hooks?.beforeInvoke?.(target.name, event)) === "kill") throw killed;
    target.handler ??= load(target);
    const answer = serialise(await target.handler(event, context));
    if (!caller.killed && (await options.hooks?.afterInvoke?.(target.name, event)) === "kill") throw killed;
    return { ok: true, payload: JSON.parse(answer) };
  }

  function load(target: HostedFunction): Handler {
    const { handlerFile, exportName } = splitHandler(target.lambda.handler);
    const bundle = options.bundles.get(handlerFile);
    if (!bundle) throw new Error(`No bundle was made for ${handlerFile}, the handler of ${target.name}.`);
    const onOutput = (text: string) => {
      const requestId = tracer.current()?.requestId ?? "-";
      options.onLog?.({ timeMs: clock.now(), functionName: target.name, requestId, text });
    };
    const exports = evaluateInSandbox(bundle, {
      environment: options.environmentOf(target.lambda),
      onOutput,
      nowMs: () => clock.now(),
    });
    const handler = exports[exportName];
    if (typeof handler === "function") return handler as Handler;
    throw new InvocationRefusedError(
      "Runtime.HandlerNotFound",
      `${target.lambda.handler} is undefined or not exported; ${handlerFile} exports ${Object.keys(exports).join(", ")}`,
    );
  }

  return {
    invoke,
    running: () => runs.size,
    async stop(graceMs = 5_000) {
      const untilMs = Date.now() + graceMs;
      while (runs.size > 0 && Date.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 5));
      for (const run of runs.values()) run.end(killedError);
      releaseProcess();
    },
  };
}

/** A version goes by its ARN; what is recorded has one of each function. */
function namesOf({ name, lambda: { arn, name: physical, version } }: HostedFunction): string[] {
  return [arn, physical, name, ...(version ? [`${arn}:${version}`] : [])];
}

/** "packages/functions/src/saga/order.abandon" names a file and its export. */
export function splitHandler(handler: string): { handlerFile: string; exportName: string } {
  const dot = handler.lastIndexOf(".");
  return { handlerFile: handler.slice(0, dot), exportName: handler.slice(dot + 1) };
}

const killed = Symbol("killed");

const killedError: FunctionError = {
  errorType: "Runtime.ExitError",
  errorMessage: "Error: Runtime exited with error: signal: killed",
};

function refuse(name: string, message: string): InvocationRefusedError {
  return new InvocationRefusedError(`Lambda.${name}`, message);
}

function serialise(answer: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(answer === undefined ? null : answer);
  } catch (cause) {
    throw new Error("Unable to stringify response body", { cause });
  }
  const bytes = Buffer.byteLength(json ?? "null");
  if (bytes <= maximumPayloadBytes) return json ?? "null";
  throw new InvocationRefusedError(
    "Function.ResponseSizeTooLarge",
    `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${maximumPayloadBytes} bytes).`,
  );
}

/** As Lambda's runtime for Node serialises what a handler throws. */
function functionErrorOf(error: unknown): FunctionError {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  const trace = error.stack?.split("\n") ?? [];
  return { errorType: error.name, errorMessage: error.message, trace };
}

function contextOf(lambda: Lambda, caller: Caller, getRemainingTimeInMillis: () => number) {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: lambda.name,
    functionVersion: "$LATEST",
    invokedFunctionArn: lambda.arn,
    memoryLimitInMB: String(lambda.memoryMb),
    awsRequestId: caller.requestId,
    logGroupName: `/aws/lambda/${lambda.name}`,
    logStreamName: "local/[$LATEST]",
    getRemainingTimeInMillis,
  };
}

/**
 * On Lambda a floating rejection or an uncaught error ends one execution environment. Here it would end the whole
 * runtime, so it is given to the invocation it came from; errors of anybody else keep ending the process.
 */
function guardProcess(
  tracer: Tracer,
  runs: Map<string, Run>,
  report: (caller: Caller, error: FunctionError) => void,
): () => void {
  const claim = (error: unknown, errorType: string) => {
    const caller = tracer.current();
    if (!caller) return false;
    const failure = { ...functionErrorOf(error), errorType };
    report(caller, failure);
    runs.get(caller.requestId)?.end(failure);
    return true;
  };
  const onRejection = (reason: unknown) => {
    if (!claim(reason, "Runtime.UnhandledPromiseRejection")) failUnlessOthersListen("unhandledRejection", reason);
  };
  const onException = (error: unknown) => {
    if (!claim(error, "Runtime.ExitError")) failUnlessOthersListen("uncaughtException", error);
  };
  process.on("unhandledRejection", onRejection);
  process.on("uncaughtException", onException);
  return () => {
    process.off("unhandledRejection", onRejection);
    process.off("uncaughtException", onException);
  };
}

function failUnlessOthersListen(event: "unhandledRejection" | "uncaughtException", error: unknown): void {
  if (process.listenerCount(event) > 1) return;
  console.error(error);
  process.exit(1);
}
