import * as z from "zod";
import { compile, ExpressionError, isExpression } from "./expression.ts";

/**
 * The part of the Amazon States Language that runs here: JSONata, Lambda tasks and inline maps. Anything else is
 * refused when a definition is loaded, so that nothing is silently ignored.
 */
export interface Definition extends Flow {
  name: string;
  timeoutSeconds: number | undefined;
}

export interface Flow {
  StartAt: string;
  States: Record<string, State>;
}

export type State =
  | TaskState
  | PassState
  | ChoiceState
  | WaitState
  | ParallelState
  | MapState
  | SucceedState
  | FailState;

/** Lists every problem found, each with the state it is in. */
export class DefinitionError extends Error {
  override readonly name = "DefinitionError";
  readonly problems: string[];

  constructor(machine: string, problems: string[]) {
    super(`The state machine "${machine}" can't run here:\n${problems.map((problem) => `- ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

export const lambdaInvoke = "arn:aws:states:::lambda:invoke";
export const sqsSendMessage = "arn:aws:states:::sqs:sendMessage";

const Template = z.unknown();
const Variables = z.record(z.string(), Template);
/** A number, or an expression that yields one. */
const Quantity = z.union([z.number().nonnegative(), z.string().refine(isExpression, "must be a number or {% … %}")]);
const ErrorEquals = z.array(z.string()).min(1);

const Retrier = z.strictObject({
  ErrorEquals,
  IntervalSeconds: z.number().int().positive().max(99_999_999).optional(),
  MaxAttempts: z.number().int().nonnegative().max(99_999_999).optional(),
  BackoffRate: z.number().min(1).optional(),
  MaxDelaySeconds: z.number().int().positive().max(31_622_400).optional(),
  JitterStrategy: z.enum(["FULL", "NONE"]).optional(),
  Comment: z.string().optional(),
});
export type Retrier = z.infer<typeof Retrier>;

const Catcher = z.strictObject({
  ErrorEquals,
  Next: z.string(),
  Output: Template.optional(),
  Assign: Variables.optional(),
  Comment: z.string().optional(),
});
export type Catcher = z.infer<typeof Catcher>;

const common = { Comment: z.string().optional(), QueryLanguage: z.string().optional() };
const result = { Output: Template.optional(), Assign: Variables.optional() };
const onward = { Next: z.string().optional(), End: z.boolean().optional() };
const handling = { Retry: z.array(Retrier).optional(), Catch: z.array(Catcher).optional() };

const task = {
  Type: z.literal("Task"),
  TimeoutSeconds: Quantity.optional(),
  ...common,
  ...result,
  ...onward,
  ...handling,
};
const LambdaTask = z.strictObject({
  ...task,
  Resource: z.literal(lambdaInvoke),
  Arguments: z.strictObject({ FunctionName: z.string(), Payload: Template.optional() }),
});
const QueueTask = z.strictObject({
  ...task,
  Resource: z.literal(sqsSendMessage),
  Arguments: z.strictObject({
    QueueUrl: z.string(),
    MessageBody: Template,
    MessageAttributes: z.record(z.string(), Template).optional(),
  }),
});
const Task = z.discriminatedUnion("Resource", [LambdaTask, QueueTask], {
  error: `only ${lambdaInvoke} and ${sqsSendMessage} are supported`,
});
export type LambdaTask = z.infer<typeof LambdaTask>;
export type QueueTask = z.infer<typeof QueueTask>;
export type TaskState = z.infer<typeof Task>;

const Pass = z.strictObject({ Type: z.literal("Pass"), ...common, ...result, ...onward });
export type PassState = z.infer<typeof Pass>;

const Choice = z.strictObject({
  Type: z.literal("Choice"),
  Choices: z
    .array(
      z.strictObject({
        Condition: z.union([z.boolean(), z.string().refine(isExpression, "must be {% … %}")]),
        Next: z.string(),
        Comment: z.string().optional(),
        ...result,
      }),
    )
    .min(1),
  Default: z.string().optional(),
  ...common,
  ...result,
});
export type ChoiceState = z.infer<typeof Choice>;

const Wait = z.strictObject({
  Type: z.literal("Wait"),
  Seconds: Quantity.optional(),
  Timestamp: z.string().optional(),
  ...common,
  ...result,
  ...onward,
});
export type WaitState = z.infer<typeof Wait>;

const Parallel = z.strictObject({
  Type: z.literal("Parallel"),
  Branches: z.array(z.unknown()).min(1),
  Arguments: Template.optional(),
  ...common,
  ...result,
  ...onward,
  ...handling,
});
export type ParallelState = Omit<z.infer<typeof Parallel>, "Branches"> & { Branches: Flow[] };

const MapOver = z.strictObject({
  Type: z.literal("Map"),
  Items: Template.optional(),
  ItemSelector: Template.optional(),
  ItemProcessor: z.unknown(),
  MaxConcurrency: Quantity.optional(),
  ...common,
  ...result,
  ...onward,
  ...handling,
});
export type MapState = Omit<z.infer<typeof MapOver>, "ItemProcessor"> & { ItemProcessor: Flow };

const Succeed = z.strictObject({ Type: z.literal("Succeed"), Output: Template.optional(), ...common });
export type SucceedState = z.infer<typeof Succeed>;

const Fail = z.strictObject({
  Type: z.literal("Fail"),
  Error: z.string().optional(),
  Cause: z.string().optional(),
  ...common,
});
export type FailState = z.infer<typeof Fail>;

const schemas = { Task, Pass, Choice, Wait, Parallel, Map: MapOver, Succeed, Fail };

const Top = z.strictObject({
  StartAt: z.string(),
  States: z.record(z.string(), z.unknown()),
  QueryLanguage: z.string().optional(),
  TimeoutSeconds: z.number().int().positive().optional(),
  Version: z.literal("1.0").optional(),
  Comment: z.string().optional(),
});

const SubFlow = z.strictObject({
  StartAt: z.string(),
  States: z.record(z.string(), z.unknown()),
  QueryLanguage: z.string().optional(),
  Comment: z.string().optional(),
  ProcessorConfig: z.strictObject({ Mode: z.literal("INLINE").optional() }).optional(),
});

interface Checking {
  problems: string[];
  /** A state's name is unique in the whole machine, branches included. */
  names: Set<string>;
}

/** Throws a DefinitionError that lists all problems. */
export function parseDefinition(name: string, definition: unknown): Definition {
  const checking: Checking = { problems: [], names: new Set() };
  const top = Top.safeParse(definition);
  if (!top.success)
    throw new DefinitionError(
      name,
      top.error.issues.map((issue) => `the machine: ${describe(issue)}`),
    );
  const flow = parseFlow(top.data, "the machine", top.data.QueryLanguage, new Set(), checking);
  if (checking.problems.length > 0) throw new DefinitionError(name, checking.problems);
  return { name, timeoutSeconds: top.data.TimeoutSeconds, ...flow };
}

function parseFlow(
  raw: { StartAt: string; States: Record<string, unknown>; QueryLanguage?: string | undefined },
  where: string,
  language: string | undefined,
  outerVariables: ReadonlySet<string>,
  checking: Checking,
): Flow {
  const variables = new Set([...outerVariables, ...Object.values(raw.States).flatMap(variablesOf)]);
  const states: Record<string, State> = {};
  for (const [name, rawState] of Object.entries(raw.States)) {
    const at = `state "${name}"`;
    if (checking.names.has(name)) checking.problems.push(`${at}: another state has this name.`);
    checking.names.add(name);
    for (const variable of variablesOf(rawState)) checkVariable(variable, outerVariables, at, checking);
    const state = parseState(rawState, at, language, variables, checking);
    if (state) states[name] = state;
  }
  checkTargets(raw.StartAt, states, Object.keys(raw.States), where, checking);
  return { StartAt: raw.StartAt, States: states };
}

function parseState(
  raw: unknown,
  at: string,
  language: string | undefined,
  variables: ReadonlySet<string>,
  checking: Checking,
): State | undefined {
  const type = fieldOf(raw, "Type");
  if (!isStateType(type)) {
    checking.problems.push(
      `${at}: the type ${JSON.stringify(type)} is unknown; ${Object.keys(schemas).join(", ")} exist.`,
    );
    return undefined;
  }
  if ((fieldOf(raw, "QueryLanguage") ?? language ?? "JSONPath") !== "JSONata") {
    checking.problems.push(`${at}: only QueryLanguage "JSONata" is supported; JSONPath is the default, so name it.`);
    return undefined;
  }
  const parsed = schemas[type].safeParse(raw);
  if (!parsed.success) {
    checking.problems.push(...parsed.error.issues.map((issue) => `${at}: ${describe(issue)}`));
    return undefined;
  }
  const state = parsed.data;
  checkExpressions(state, at, checking);
  checkShape(state, at, checking);
  if (state.Type === "Parallel") {
    const branches = state.Branches.map((branch, index) =>
      parseSubFlow(branch, `${at}.Branches[${index}]`, language, variables, checking),
    );
    return { ...state, Branches: branches };
  }
  if (state.Type === "Map") {
    const processor = parseSubFlow(state.ItemProcessor, `${at}.ItemProcessor`, language, variables, checking);
    return { ...state, ItemProcessor: processor };
  }
  return state;
}

function parseSubFlow(
  raw: unknown,
  where: string,
  language: string | undefined,
  variables: ReadonlySet<string>,
  checking: Checking,
): Flow {
  const parsed = SubFlow.safeParse(raw);
  if (parsed.success) return parseFlow(parsed.data, where, parsed.data.QueryLanguage ?? language, variables, checking);
  checking.problems.push(...parsed.error.issues.map((issue) => `${where}: ${describe(issue)}`));
  return { StartAt: "", States: {} };
}

/** What holds between the fields of one state. */
function checkShape(state: z.infer<(typeof schemas)[keyof typeof schemas]>, at: string, checking: Checking): void {
  const problem = (text: string) => checking.problems.push(`${at}: ${text}`);
  if ("Next" in onwardOf(state) && (onwardOf(state).Next !== undefined) === (onwardOf(state).End === true)) {
    problem("needs either Next or End.");
  }
  if (state.Type === "Wait" && (state.Seconds !== undefined) === (state.Timestamp !== undefined)) {
    problem("needs either Seconds or Timestamp.");
  }
  if (!("Retry" in state || "Catch" in state)) return;
  for (const field of ["Retry", "Catch"] as const) {
    const handlers: { ErrorEquals: string[] }[] = state[field] ?? [];
    handlers.forEach(({ ErrorEquals: names }, index) => {
      if (!names.includes("States.ALL")) return;
      if (names.length > 1) problem(`${field}[${index}]: States.ALL must stand alone.`);
      if (index < handlers.length - 1) problem(`${field}[${index}]: States.ALL must come last.`);
    });
  }
}

/** Next and End of the states that have them; an empty object for Choice, Succeed and Fail. */
function onwardOf(state: z.infer<(typeof schemas)[keyof typeof schemas]>): {
  Next?: string | undefined;
  End?: boolean;
} {
  if (state.Type === "Choice" || state.Type === "Succeed" || state.Type === "Fail") return {};
  return { Next: state.Next, End: state.End === true };
}

function checkTargets(
  start: string,
  states: Record<string, State>,
  names: string[],
  where: string,
  checking: Checking,
): void {
  if (!names.includes(start)) checking.problems.push(`${where}: StartAt names "${start}", which doesn't exist here.`);
  for (const [name, state] of Object.entries(states)) {
    for (const target of targetsOf(state)) {
      if (names.includes(target)) continue;
      checking.problems.push(`state "${name}": goes on to "${target}", which doesn't exist in the same flow.`);
    }
  }
  // A state that didn't parse hides what comes after it.
  if (names.some((name) => !states[name])) return;
  const reached = new Set([start]);
  for (const name of reached) for (const target of states[name] ? targetsOf(states[name]) : []) reached.add(target);
  for (const name of names) if (!reached.has(name)) checking.problems.push(`state "${name}": can't be reached.`);
}

function targetsOf(state: State): string[] {
  switch (state.Type) {
    case "Succeed":
    case "Fail":
      return [];
    case "Choice":
      return [...state.Choices.map((rule) => rule.Next), ...(state.Default === undefined ? [] : [state.Default])];
    case "Task":
    case "Parallel":
    case "Map":
      return [...(state.Next === undefined ? [] : [state.Next]), ...(state.Catch ?? []).map((catcher) => catcher.Next)];
    default:
      return state.Next === undefined ? [] : [state.Next];
  }
}

/** Branches and items are flows of their own, checked on their own. */
const flowFields = new Set(["Branches", "ItemProcessor"]);

function checkExpressions(value: unknown, at: string, checking: Checking): void {
  if (typeof value === "string") {
    if (!value.startsWith("{%")) return;
    try {
      compile(value);
    } catch (cause) {
      if (!(cause instanceof ExpressionError)) throw cause;
      checking.problems.push(`${at}: ${cause.message}`);
    }
  } else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      if (!flowFields.has(key)) checkExpressions(inner, `${at}.${key}`, checking);
    }
  }
}

/** The variables a state assigns itself, in all its Assign blocks. */
function variablesOf(state: unknown): string[] {
  const blocks = [state, ...listOf(state, "Choices"), ...listOf(state, "Catch")];
  return blocks.flatMap((block) => Object.keys(objectOf(fieldOf(block, "Assign"))));
}

function checkVariable(name: string, outer: ReadonlySet<string>, at: string, checking: Checking): void {
  if (name === "states") checking.problems.push(`${at}: the variable "states" is reserved.`);
  if (!/^[\p{ID_Start}_][\p{ID_Continue}]{0,79}$/u.test(name)) {
    checking.problems.push(`${at}: "${name}" can't name a variable; use a letter, then letters, digits and _.`);
  }
  if (outer.has(name)) {
    checking.problems.push(`${at}: the variable "${name}" belongs to the flow around; a branch can't assign it.`);
  }
}

const jsonPathFields = new Set(["InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "ItemsPath"]);

function describe(issue: z.core.$ZodIssue): string {
  const path = issue.path.length > 0 ? `${issue.path.map(String).join(".")}: ` : "";
  if (issue.code !== "unrecognized_keys") return `${path}${issue.message}.`;
  const keys = issue.keys.map((key) => (jsonPathFields.has(key) ? `${key} (JSONPath)` : key));
  return `${path}the field ${keys.join(", ")} is not supported.`;
}

function isStateType(type: unknown): type is keyof typeof schemas {
  return typeof type === "string" && Object.hasOwn(schemas, type);
}

function fieldOf(value: unknown, name: string): unknown {
  return objectOf(value)[name];
}

function listOf(value: unknown, name: string): unknown[] {
  const list = fieldOf(value, name);
  return Array.isArray(list) ? list : [];
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
