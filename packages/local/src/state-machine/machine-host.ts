import type { Machine, Topology } from "@cartwright/topology";
import type { Clock } from "../clock.ts";
import { correlationIdsOf } from "../function/correlation.ts";
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
  clock: Clock;
  random: Random;
  meter?: Meter;
  onError?: (error: unknown) => void;
}

export interface MachineHost {
  /** Begins an execution and answers its record at once. An unknown machine is StateMachineDoesNotExist. */
  start(machineArn: string, input: unknown, name?: string): { record: ExecutionRecord; ended: Promise<Execution> };
  machineOf(machineArn: string): Machine;
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
  const hosted = new Map(
    Object.entries(options.machines).map(([name, machine]): [string, HostedMachine] => [
      machine.arn,
      { name, machine, definition: parseDefinition(name, machine.definition) },
    ]),
  );
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

  async function run({ machine, definition }: HostedMachine, record: ExecutionRecord): Promise<Execution> {
    if (machine.type === "EXPRESS") count("expressStarts", machine, record, 1);
    const result = await execute(definition, {
      input: record.input,
      clock: options.clock,
      random: options.random,
      invoke: options.invoke,
      sendMessage: options.sendMessage,
      type: machine.type,
      machineArn: machine.arn,
      executionArn: record.arn,
      roleArn: machine.role,
      signal: stopping.signal,
      onEvent: (event) => record.history.push(event),
    });
    record.result = result;
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

/** arn:aws:states:…:stateMachine:Name becomes …:execution:Name:id, or …:express:Name:id:run for an Express one. */
function executionArn(machine: Machine, name: string): string {
  const [prefix, machineName] = machine.arn.split(":stateMachine:");
  return machine.type === "EXPRESS"
    ? `${prefix}:express:${machineName}:${name}:${name}`
    : `${prefix}:execution:${machineName}:${name}`;
}
