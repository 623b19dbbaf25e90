import type { Clock } from "../clock.ts";
import type { Invoke } from "../function/invocation.ts";
import type { MessageAttributes } from "../queue/queue.ts";
import type { Random } from "../random.ts";
import type {
  Catcher,
  ChoiceState,
  Definition,
  FailState,
  Flow,
  LambdaTask,
  MapState,
  ParallelState,
  QueueTask,
  Retrier,
  State,
  TaskState,
  WaitState,
} from "./definition.ts";
import { type Bindings, evaluate } from "./expression.ts";
import { errorOutput, matchesError, StatesError } from "./failure.ts";

/** Sends to a queue, named by its URL; throws what SQS would refuse, under SQS's name for it. */
export type SendMessage = (
  queueUrl: string,
  message: { body: string; attributes: MessageAttributes },
) => { messageId: string; md5OfBody: string };

export interface ExecutionOptions {
  input: unknown;
  clock: Clock;
  random: Random;
  invoke: Invoke;
  sendMessage: SendMessage;
  /** An Express execution ends after five minutes, whatever the definition says. */
  type: "EXPRESS" | "STANDARD";
  machineArn: string;
  executionArn: string;
  roleArn?: string;
  signal?: AbortSignal;
  onEvent?: (event: HistoryEvent) => void;
}

export type HistoryEvent = { atMs: number } & (
  | { type: "execution-started"; input: unknown }
  | { type: "state-entered"; state: string; input: unknown }
  | { type: "state-failed"; state: string; error: string; cause: string }
  /** The new attempt begins; `attempt` counts retries of this visit from 1. */
  | { type: "state-retried"; state: string; attempt: number }
  | { type: "state-caught"; state: string; error: string; next: string }
  | { type: "state-exited"; state: string; output: unknown }
  | { type: "execution-succeeded"; output: unknown }
  | { type: "execution-failed" | "execution-timed-out" | "execution-aborted"; error: string; cause: string }
);

export type Execution = {
  startedAtMs: number;
  endedAtMs: number;
  /** As Standard workflows are billed: each state entered, each retry, and the step to the end. */
  transitions: number;
} & (
  | { status: "SUCCEEDED"; output: unknown }
  | { status: "FAILED" | "TIMED_OUT" | "ABORTED"; error: string; cause: string }
);

const expressLimitSeconds = 300;
/** The quota on what a state takes and hands on. */
const payloadLimitBytes = 262_144;
/** A history holds 25,000 events on AWS, at least two of them for each state. */
const maximumTransitions = 12_500;

/** What stays the same for all states of an execution. */
interface Run extends ExecutionOptions {
  context: Record<string, unknown>;
  transitions: number;
}

/** Where a state runs: a branch reads the variables around it, and its own end with it. */
interface Scope {
  variables: Record<string, unknown>;
  outer: Record<string, unknown>;
  context: Record<string, unknown>;
  signal: AbortSignal;
}

/** What a state hands on; without `next` the flow ends. */
interface Step {
  output: unknown;
  assigned: Record<string, unknown>;
  next: string | undefined;
}

/** Runs a definition to its end. Never rejects for what the workflow does: failing is an outcome. */
export async function execute(definition: Definition, options: ExecutionOptions): Promise<Execution> {
  const startedAtMs = options.clock.now();
  const run: Run = { ...options, context: executionContext(definition, options, startedAtMs), transitions: 0 };
  emit(run, { type: "execution-started", input: options.input });

  const timeout = new AbortController();
  const limitSeconds = timeLimitSeconds(definition, options.type);
  const timer =
    limitSeconds === undefined
      ? undefined
      : options.clock.setTimer(startedAtMs + limitSeconds * 1000, () => timeout.abort());
  const signal = options.signal ? AbortSignal.any([options.signal, timeout.signal]) : timeout.signal;
  const ended = () => ({ startedAtMs, endedAtMs: options.clock.now(), transitions: run.transitions });
  try {
    const scope: Scope = { variables: {}, outer: {}, context: run.context, signal };
    const output = await runFlow(run, definition, options.input, scope);
    run.transitions++;
    emit(run, { type: "execution-succeeded", output });
    return { status: "SUCCEEDED", output, ...ended() };
  } catch (thrown) {
    if (timeout.signal.aborted) return fail("TIMED_OUT", "execution-timed-out", "States.Timeout", "");
    if (options.signal?.aborted) {
      return fail("ABORTED", "execution-aborted", "States.Aborted", messageOf(options.signal.reason));
    }
    const { error, cause } = toStatesError(thrown);
    return fail("FAILED", "execution-failed", error, cause);
  } finally {
    timer?.cancel();
  }

  function fail(
    status: "FAILED" | "TIMED_OUT" | "ABORTED",
    type: "execution-failed" | "execution-timed-out" | "execution-aborted",
    error: string,
    cause: string,
  ): Execution {
    emit(run, { type, error, cause });
    return { status, error, cause, ...ended() };
  }
}

function timeLimitSeconds(definition: Definition, type: "EXPRESS" | "STANDARD"): number | undefined {
  if (type === "STANDARD") return definition.timeoutSeconds;
  return Math.min(definition.timeoutSeconds ?? expressLimitSeconds, expressLimitSeconds);
}

function executionContext(definition: Definition, options: ExecutionOptions, startedAtMs: number) {
  return {
    Execution: {
      Id: options.executionArn,
      Input: options.input,
      Name: options.executionArn.split(":").at(-1),
      RoleArn: options.roleArn ?? "",
      StartTime: new Date(startedAtMs).toISOString(),
      RedriveCount: 0,
    },
    StateMachine: { Id: options.machineArn, Name: definition.name },
  };
}

async function runFlow(run: Run, flow: Flow, input: unknown, scope: Scope): Promise<unknown> {
  let name: string | undefined = flow.StartAt;
  let current = input;
  while (name !== undefined) {
    scope.signal.throwIfAborted();
    if (run.transitions++ >= maximumTransitions) {
      throw new StatesError(
        "States.Runtime",
        `The execution went through ${maximumTransitions} states; it must be in a loop.`,
      );
    }
    emit(run, { type: "state-entered", state: name, input: current });
    const step: Step = await runState(run, name, flow.States[name]!, current, scope);
    emit(run, { type: "state-exited", state: name, output: step.output });
    Object.assign(scope.variables, step.assigned);
    current = step.output;
    name = step.next;
  }
  return current;
}

/** One visit of a state: its attempts, with Retry between them and Catch after the last. */
async function runState(run: Run, name: string, state: State, input: unknown, scope: Scope): Promise<Step> {
  const enteredTime = new Date(run.clock.now()).toISOString();
  const retries = new Map<Retrier, number>();
  // Bounded by the retriers' own MaxAttempts.
  for (let attempt = 0; ; attempt++) {
    const context = { ...scope.context, State: { Name: name, EnteredTime: enteredTime, RetryCount: attempt } };
    const visit: Visit = { run, name, input, scope, context };
    try {
      return await attemptState(visit, state);
    } catch (thrown) {
      scope.signal.throwIfAborted();
      const failure = toStatesError(thrown);
      emit(run, { type: "state-failed", state: name, error: failure.error, cause: failure.cause });
      const delayMs = retryDelayMs(state, failure, retries, run.random);
      if (delayMs === undefined) return await catchFailure(visit, state, failure);
      await run.clock.sleep(delayMs, scope.signal);
      run.transitions++;
      emit(run, { type: "state-retried", state: name, attempt: attempt + 1 });
    }
  }
}

interface Visit {
  run: Run;
  name: string;
  input: unknown;
  scope: Scope;
  context: Record<string, unknown>;
}

async function attemptState(visit: Visit, state: State): Promise<Step> {
  switch (state.Type) {
    case "Pass":
      return finish(visit, state, visit.input, {}, state.Next);
    case "Succeed":
      return finish(visit, state, visit.input, {}, undefined);
    case "Fail":
      throw await failureOf(visit, state);
    case "Wait":
      await visit.run.clock.sleep(await waitMs(visit, state), visit.scope.signal);
      return finish(visit, state, visit.input, {}, state.Next);
    case "Choice":
      return choose(visit, state);
    case "Task": {
      const result = await runTask(visit, state);
      return finish(visit, state, result, { result }, state.Next);
    }
    case "Parallel": {
      const result = await runBranches(visit, state);
      return finish(visit, state, result, { result }, state.Next);
    }
    case "Map": {
      const result = await runItems(visit, state);
      return finish(visit, state, result, { result }, state.Next);
    }
  }
}

/** Evaluates Output and Assign. Both see the variables as they were before this state. */
async function finish(
  visit: Visit,
  source: { Output?: unknown; Assign?: Record<string, unknown> | undefined },
  defaultOutput: unknown,
  outcome: { result?: unknown; errorOutput?: unknown },
  next: string | undefined,
): Promise<Step> {
  const bindings = bindingsOf(visit, outcome);
  const output = source.Output === undefined ? defaultOutput : await evaluate(source.Output, "Output", bindings);
  const assigned = await evaluate(source.Assign ?? {}, "Assign", bindings);
  limitSize(output, "output");
  return { output, assigned: assigned as Record<string, unknown>, next };
}

/** A rule that matches brings its own Output and Assign; those of the state belong to its Default. */
async function choose(visit: Visit, state: ChoiceState): Promise<Step> {
  for (const [index, rule] of state.Choices.entries()) {
    const field = `Choices[${index}].Condition`;
    const holds = await evaluate(rule.Condition, field, bindingsOf(visit));
    if (typeof holds !== "boolean") {
      throw new StatesError(
        "States.QueryEvaluationError",
        `The field '${field}' must be true or false, not ${show(holds)}.`,
      );
    }
    if (holds) return finish(visit, rule, visit.input, {}, rule.Next);
  }
  if (state.Default === undefined) {
    throw new StatesError(
      "States.NoChoiceMatched",
      `No rule of the state '${visit.name}' matched, and it has no Default.`,
    );
  }
  return finish(visit, state, visit.input, {}, state.Default);
}

async function failureOf(visit: Visit, state: FailState): Promise<StatesError> {
  const bindings = bindingsOf(visit);
  const error = await evaluate(state.Error ?? "", "Error", bindings);
  const cause = await evaluate(state.Cause ?? "", "Cause", bindings);
  if (typeof error !== "string" || typeof cause !== "string") {
    return new StatesError("States.Runtime", `Error and Cause of the state '${visit.name}' must be strings.`);
  }
  return new StatesError(error, cause);
}

async function waitMs(visit: Visit, state: WaitState): Promise<number> {
  if (state.Timestamp === undefined) return (await quantity(visit, state.Seconds, "Seconds")) * 1000;
  const timestamp = await evaluate(state.Timestamp, "Timestamp", bindingsOf(visit));
  const untilMs = typeof timestamp === "string" ? Date.parse(timestamp) : Number.NaN;
  if (Number.isNaN(untilMs)) {
    throw new StatesError("States.Runtime", `The field 'Timestamp' must be an ISO 8601 time, not ${show(timestamp)}.`);
  }
  return Math.max(0, untilMs - visit.run.clock.now());
}

async function runTask(visit: Visit, state: TaskState): Promise<unknown> {
  return "QueueUrl" in state.Arguments
    ? sendToQueue(visit, state as QueueTask)
    : runFunction(visit, state as LambdaTask);
}

/** The optimised Lambda integration: its result wraps the function's answer in Payload. */
async function runFunction(visit: Visit, state: LambdaTask): Promise<unknown> {
  const bindings = bindingsOf(visit);
  const functionName = await evaluate(state.Arguments.FunctionName, "Arguments.FunctionName", bindings);
  const payload = await evaluate(state.Arguments.Payload ?? {}, "Arguments.Payload", bindings);
  if (typeof functionName !== "string") {
    throw new StatesError("States.Runtime", `FunctionName must be a string, not ${show(functionName)}.`);
  }
  limitSize(payload, "input of the task");
  const timeoutMs =
    state.TimeoutSeconds === undefined
      ? undefined
      : (await quantity(visit, state.TimeoutSeconds, "TimeoutSeconds")) * 1000;
  const answer = await withDeadline(visit, callFunction(visit.run.invoke, functionName, payload), timeoutMs);
  return { ExecutedVersion: "$LATEST", Payload: answer, StatusCode: 200 };
}

/** The optimised SQS integration; a body that is no text is sent as JSON. */
async function sendToQueue(visit: Visit, { Arguments: template }: QueueTask): Promise<unknown> {
  const evaluated = await evaluate(template, "Arguments", bindingsOf(visit));
  const { QueueUrl, MessageBody, MessageAttributes = {} } = evaluated as QueueTask["Arguments"];
  const body = typeof MessageBody === "string" ? MessageBody : JSON.stringify(MessageBody);
  try {
    const sent = visit.run.sendMessage(QueueUrl, { body, attributes: MessageAttributes as MessageAttributes });
    return { MessageId: sent.messageId, MD5OfMessageBody: sent.md5OfBody };
  } catch (thrown) {
    throw new StatesError(`SQS.${thrown instanceof Error ? thrown.name : "SdkClientException"}`, messageOf(thrown));
  }
}

async function callFunction(invoke: Invoke, functionArn: string, payload: unknown): Promise<unknown> {
  let invocation: Awaited<ReturnType<Invoke>>;
  try {
    invocation = await invoke(functionArn, payload);
  } catch (thrown) {
    const name = thrown instanceof Error ? thrown.name : "";
    throw new StatesError(name.startsWith("Lambda.") ? name : "Lambda.Unknown", messageOf(thrown));
  }
  if (invocation.ok) return invocation.payload ?? null;
  throw new StatesError(invocation.error.errorType, JSON.stringify(invocation.error));
}

/** On a timeout or an abort the function itself runs on, as it would on Lambda; only its answer is not waited for. */
function withDeadline<T>(visit: Visit, work: Promise<T>, timeoutMs: number | undefined): Promise<T> {
  const { clock } = visit.run;
  const { signal } = visit.scope;
  return new Promise((resolve, reject) => {
    const timer =
      timeoutMs === undefined
        ? undefined
        : clock.setTimer(clock.now() + timeoutMs, () => settle(() => reject(new StatesError("States.Timeout", ""))));
    const onAbort = () => settle(() => reject(signal.reason));
    const settle = (finally_: () => void) => {
      timer?.cancel();
      signal.removeEventListener("abort", onAbort);
      finally_();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(
      (value) => settle(() => resolve(value)),
      (reason) => settle(() => reject(reason)),
    );
  });
}

async function runBranches(visit: Visit, state: ParallelState): Promise<unknown[]> {
  const input =
    state.Arguments === undefined ? visit.input : await evaluate(state.Arguments, "Arguments", bindingsOf(visit));
  return together(visit.scope, (signal) =>
    state.Branches.map((branch) => runFlow(visit.run, branch, input, branchScope(visit, signal))),
  );
}

async function runItems(visit: Visit, state: MapState): Promise<unknown[]> {
  const items = state.Items === undefined ? visit.input : await evaluate(state.Items, "Items", bindingsOf(visit));
  if (!Array.isArray(items)) {
    throw new StatesError(
      "States.QueryEvaluationError",
      `The items of '${visit.name}' must be an array, not ${show(items)}.`,
    );
  }
  const limit = state.MaxConcurrency === undefined ? 0 : await quantity(visit, state.MaxConcurrency, "MaxConcurrency");
  const results: unknown[] = new Array(items.length);
  const pending = items.entries();
  await together(visit.scope, (signal) =>
    Array.from({ length: limit === 0 ? items.length : Math.min(limit, items.length) }, async () => {
      for (const [index, item] of pending) results[index] = await runItem(visit, state, index, item, signal);
    }),
  );
  return results;
}

async function runItem(visit: Visit, state: MapState, index: number, item: unknown, signal: AbortSignal) {
  const context = { ...visit.context, Map: { Item: { Index: index, Value: item } } };
  const inItem = { ...visit, context };
  const input =
    state.ItemSelector === undefined ? item : await evaluate(state.ItemSelector, "ItemSelector", bindingsOf(inItem));
  return runFlow(visit.run, state.ItemProcessor, input, branchScope(inItem, signal));
}

/** Runs flows side by side; the first that fails stops the others. */
async function together<T>(scope: Scope, start: (signal: AbortSignal) => Promise<T>[]): Promise<T[]> {
  const stop = new AbortController();
  const flows = start(AbortSignal.any([scope.signal, stop.signal]));
  try {
    return await Promise.all(flows);
  } catch (cause) {
    stop.abort(cause);
    await Promise.allSettled(flows);
    throw cause;
  }
}

function branchScope(visit: Visit, signal: AbortSignal): Scope {
  const { scope, context } = visit;
  return { variables: {}, outer: { ...scope.outer, ...scope.variables }, context, signal };
}

async function catchFailure(visit: Visit, state: State, failure: StatesError): Promise<Step> {
  const catchers: Catcher[] = "Catch" in state ? (state.Catch ?? []) : [];
  const catcher = catchers.find(({ ErrorEquals }) => matchesError(ErrorEquals, failure.error));
  if (!catcher) throw failure;
  emit(visit.run, { type: "state-caught", state: visit.name, error: failure.error, next: catcher.Next });
  const output = errorOutput(failure);
  return finish(visit, catcher, output, { errorOutput: output }, catcher.Next);
}

/** How long until the next attempt, or undefined when there is none. Counts it as taken. */
function retryDelayMs(
  state: State,
  failure: StatesError,
  retries: Map<Retrier, number>,
  random: Random,
): number | undefined {
  const retriers: Retrier[] = "Retry" in state ? (state.Retry ?? []) : [];
  const retrier = retriers.find(({ ErrorEquals }) => matchesError(ErrorEquals, failure.error));
  if (!retrier) return undefined;
  const taken = retries.get(retrier) ?? 0;
  if (taken >= (retrier.MaxAttempts ?? 3)) return undefined;
  retries.set(retrier, taken + 1);
  const grownSeconds = (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** taken;
  const delayMs = Math.min(grownSeconds, retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY) * 1000;
  return retrier.JitterStrategy === "FULL" ? Math.round(delayMs * random.next()) : delayMs;
}

async function quantity(visit: Visit, value: unknown, field: string): Promise<number> {
  const number = await evaluate(value, field, bindingsOf(visit));
  if (typeof number === "number" && number >= 0) return number;
  throw new StatesError("States.Runtime", `The field '${field}' must be a number of at least 0, not ${show(number)}.`);
}

function bindingsOf(visit: Visit, outcome: { result?: unknown; errorOutput?: unknown } = {}): Bindings {
  const { run, scope } = visit;
  return {
    variables: { ...scope.outer, ...scope.variables },
    states: { input: visit.input, context: visit.context, ...outcome },
    nowMs: run.clock.now(),
    random: run.random,
  };
}

function limitSize(value: unknown, what: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(value) ?? "");
  if (bytes <= payloadLimitBytes) return;
  throw new StatesError(
    "States.DataLimitExceeded",
    `The ${what} has ${bytes} bytes; the limit is ${payloadLimitBytes}.`,
  );
}

/** Distributes over the union, so that each kind of event keeps its own fields. */
type WithoutTime<Event> = Event extends unknown ? Omit<Event, "atMs"> : never;

function emit(run: Run, event: WithoutTime<HistoryEvent>): void {
  run.onEvent?.({ atMs: run.clock.now(), ...event } as HistoryEvent);
}

function toStatesError(thrown: unknown): StatesError {
  return thrown instanceof StatesError ? thrown : new StatesError("States.Runtime", messageOf(thrown));
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}
