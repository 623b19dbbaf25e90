import type { Machine, Topology } from "@cartwright/topology";
import type { Clock } from "../clock.ts";
import { correlationIdsOf } from "../function/correlation.ts";
import { InvocationRefusedError } from "../function/function-host.ts";
import type { Invoke } from "../function/invocation.ts";
import { AwsError } from "../http/aws-error.ts";
import { expressGbSeconds, type Meter } from "../meter/meter.ts";
import type { Random } from "../random.ts";
import { type Definition, parseDefinition } from "./definition.ts";
import { type Execution, execute, type HistoryEvent, type SendMessage } from "./interpreter.ts";

export interface ExecutionRecord {
  arn: string;
  /** Logical name of the state machine. */
  machine: string;
  correlationIds: string[];
  input: unknown;
  startedAtMs: number;
  history: HistoryEvent[];
  /** Undefined while it runs. */
  result?: Execution;
}

/** What ran lately, oldest first. */
export interface Executions {
  list(): ExecutionRecord[];
  withCorrelation(correlationId: string): ExecutionRecord[];
  /** Those whose input holds this text, such as an order's id. */
  mentioning(text: string): ExecutionRecord[];
}

export interface MachineHostOptions {
  machines: Topology["machines"];
  invoke: Invoke;
  sendMessage: SendMessage;
  /** Why a machine, by its logical name, can't call this function or send to this queue. */
  refusalOf?: (machine: string, step: { invoke: string } | { sendTo: string }) => string | undefined;
  clock: Clock;
  random: Random;
  meter?: Meter;
  onEnded?: (machine: Machine, status: Execution["status"]) => void;
  onError?: (error: unknown) => void;
}

export interface MachineHost {
  /** Begins an execution and answers its record at once. An unknown machine is StateMachineDoesNotExist. */
  start(machineArn: string, input: unknown, name?: string): { record: ExecutionRecord; ended: Promise<Execution> };
  machineOf(machineArn: string): Machine;
  has(machineArn: string): boolean;
  executions: Executions;
  running(): number;
  /** Waits for at most `graceMs` of real time; what still runs is gone then, as when its process dies. */
  stop(graceMs?: number): Promise<void>;
}

const rememberedExecutions = 5_000;

interface HostedMachine {
  name: string;
  machine: Machine;
  definition: Definition;
}

/** Step Functions. Creating it refuses definitions that can't be run, naming the state. */
export function createMachineHost(options: MachineHostOptions): MachineHost {
  const hosted = new Map(Object.entries(options.machines).flatMap(([name, machine]) => startable(name, machine)));
  const remembered: ExecutionRecord[] = [];
  const running = new Map<string, Promise<Execution>>();
  const stopping = new AbortController();

  function find(machineArn: string): HostedMachine {
    const target = hosted.get(machineArn);
    if (target) return target;
    throw new AwsError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${machineArn}'`);
  }

  function start(machineArn: string, input: unknown, name = options.random.uuid()) {
    const target = find(machineArn);
    const record: ExecutionRecord = {
      arn: executionArn(target.machine, name),
      machine: target.name,
      correlationIds: correlationIdsOf(input),
      input,
      startedAtMs: options.clock.now(),
      history: [],
    };
    remembered.push(record);
    if (remembered.length > rememberedExecutions) remembered.shift();
    const ended = run(target, record).finally(() => running.delete(record.arn));
    running.set(record.arn, ended);
    ended.catch((error) => options.onError?.(error));
    return { record, ended };
  }

  async function run({ name, machine, definition }: HostedMachine, record: ExecutionRecord): Promise<Execution> {
    if (machine.type === "EXPRESS") count("expressStarts", machine, record, 1);
    const result = await execute(definition, {
      input: record.input,
      clock: options.clock,
      random: options.random,
      ...asRole(options, name),
      type: machine.type,
      machineArn: machine.arn,
      executionArn: record.arn,
      roleArn: machine.role,
      signal: stopping.signal,
      onEvent: (event) => record.history.push(event),
    });
    record.result = result;
    options.onEnded?.(machine, result.status);
    if (machine.type === "STANDARD") count("standardTransitions", machine, record, result.transitions);
    else count("expressGbSeconds", machine, record, expressGbSeconds(result.endedAtMs - result.startedAtMs));
    return result;
  }

  function count(
    kind: "expressStarts" | "expressGbSeconds" | "standardTransitions",
    machine: Machine,
    { correlationIds }: ExecutionRecord,
    amount: number,
  ): void {
    options.meter?.record(kind, { correlationIds, name: machine.name, amount });
  }

  return {
    start,
    machineOf: (arn) => find(arn).machine,
    has: (arn) => hosted.has(arn),
    executions: {
      list: () => [...remembered],
      withCorrelation: (id) => remembered.filter((record) => record.correlationIds.includes(id)),
      mentioning: (text) => remembered.filter((record) => JSON.stringify(record.input).includes(text)),
    },
    running: () => running.size,
    async stop(graceMs = 3_000) {
      const cutOff = setTimeout(() => stopping.abort(new Error("The runtime was stopped.")), graceMs);
      await Promise.allSettled(running.values());
      clearTimeout(cutOff);
    },
  };
}

/** A machine goes by its own ARN and by those of its version and its alias; what is recorded has one version of each. */
function startable(name: string, machine: Machine): [string, HostedMachine][] {
  const target = { name, machine, definition: parseDefinition(name, machine.definition) };
  const arns = [machine.arn, machine.version, machine.alias?.arn].filter((arn) => arn !== undefined);
  return arns.map((arn) => [arn, target]);
}

/** What the steps of a machine do is done by its role; a refusal is the error that Step Functions shows. */
function asRole(options: MachineHostOptions, machine: string): Pick<MachineHostOptions, "invoke" | "sendMessage"> {
  const { invoke, sendMessage, refusalOf } = options;
  return {
    async invoke(functionArn, payload) {
      const refusal = refusalOf?.(machine, { invoke: functionArn });
      if (refusal) throw new InvocationRefusedError("Lambda.AWSLambdaException", `${refusal} (${lambdaRefused})`);
      return invoke(functionArn, payload);
    },
    sendMessage(queueUrl, message) {
      const refusal = refusalOf?.(machine, { sendTo: queueUrl });
      if (refusal) throw new AwsError("AccessDeniedException", refusal);
      return sendMessage(queueUrl, message);
    },
  };
}

const lambdaRefused = "Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException";

/** arn:aws:states:…:stateMachine:Name becomes …:execution:Name:id, or …:express:Name:id:run for an Express one. */
function executionArn(machine: Machine, name: string): string {
  const [prefix, machineName] = machine.arn.split(":stateMachine:");
  return machine.type === "EXPRESS"
    ? `${prefix}:express:${machineName}:${name}:${name}`
    : `${prefix}:execution:${machineName}:${name}`;
}
