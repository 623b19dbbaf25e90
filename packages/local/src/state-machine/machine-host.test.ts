import type { Machine } from "@cartwright/topology";
import { describe, expect, it } from "vitest";
import { ManualClock, systemClock } from "../clock.ts";
import type { Invocation } from "../function/invocation.ts";
import { createMeter } from "../meter/meter.ts";
import { seededRandom } from "../random.ts";
import { arnOf } from "../test/fixture.ts";
import { machineOperations } from "./machine-api.ts";
import { createMachineHost } from "./machine-host.ts";

const step = arnOf("lambda", "function:step");
const machine = (type: Machine["type"]): Machine => ({
  name: `Machine${type}`,
  arn: arnOf("states", `stateMachine:Machine${type}`),
  type,
  role: arnOf("iam", "role/machine"),
  tracing: true,
  definition: {
    QueryLanguage: "JSONata",
    StartAt: "Do",
    States: {
      Do: {
        Type: "Task",
        Resource: "arn:aws:states:::lambda:invoke",
        Arguments: { FunctionName: step, Payload: "{% $states.input %}" },
        Output: "{% $states.result.Payload %}",
        End: true,
      },
    },
  },
});
const express = machine("EXPRESS");
const standard = machine("STANDARD");

function open(invoke: () => Promise<Invocation>, clock = new ManualClock()) {
  const meter = createMeter();
  const machines = { Express: express, Standard: standard };
  const host = createMachineHost({ machines, invoke, sendMessage, clock, random: seededRandom(1), meter });
  return { host, meter, operations: machineOperations(host) };
}

const sendMessage = () => {
  throw new Error("these machines send no messages");
};
const succeed = async (): Promise<Invocation> => ({ ok: true, payload: { done: true } });

describe("executions", () => {
  it("are remembered with their history, by correlation and by what their input mentions", async () => {
    const { host, meter } = open(succeed);
    const { record, ended } = host.start(express.arn, { correlationId: "c1", orderId: "ord_1" });
    expect(host.running()).toBe(1);
    expect(record.result).toBeUndefined();
    expect(await ended).toMatchObject({ status: "SUCCEEDED", output: { done: true } });
    expect(host.running()).toBe(0);
    host.start(express.arn, { correlationId: "c2" });
    expect(host.executions.list()).toHaveLength(2);
    expect(host.executions.withCorrelation("c1")).toEqual([record]);
    expect(host.executions.mentioning("ord_1")).toEqual([record]);
    expect(record).toMatchObject({ machine: "Express", result: { status: "SUCCEEDED" } });
    expect(record.history.map(({ type }) => type)).toContain("state-entered");
    expect(meter.report("c1")).toMatchObject({ expressStarts: { MachineEXPRESS: { amount: 1 } } });
  });

  it("that still run at the stop are gone, as with their process", async () => {
    const { host } = open(() => new Promise(() => {}));
    const { record } = host.start(standard.arn, {});
    await host.stop(10);
    expect(record.result).toMatchObject({ status: "ABORTED" });
  });
});

describe("a machine whose role lacks a permission", () => {
  const refused = "User: x is not authorized to perform: lambda:InvokeFunction";

  it("fails its step as Step Functions does, without calling anybody", async () => {
    let calls = 0;
    const refusalOf = (name: string, asked: object) => `${refused} ${name} ${JSON.stringify(asked)}`;
    const invoke = async () => {
      calls++;
      return succeed();
    };
    const host = createMachineHost({
      ...{ machines: { Express: express }, invoke, sendMessage, refusalOf },
      ...{ clock: new ManualClock(), random: seededRandom(1) },
    });
    expect(await host.start(express.arn, {}).ended).toMatchObject({
      status: "FAILED",
      error: "Lambda.AWSLambdaException",
      cause: expect.stringContaining(`${refused} Express {"invoke":"${step}"}`),
    });
    expect(calls).toBe(0);
  });
});

describe("the API of Step Functions", () => {
  it("starts an execution and doesn't wait for it", async () => {
    const { host, operations } = open(() => new Promise(() => {}));
    const answer = await operations.StartExecution!(
      { stateMachineArn: standard.arn, input: '{"a":1}', name: "mine" },
      undefined,
    );
    expect(answer).toMatchObject({ executionArn: arnOf("states", "execution:MachineSTANDARD:mine") });
    expect(host.running()).toBe(1);
    await host.stop(0);
  });

  it("waits for an Express execution, and tells its failure", async () => {
    const start = { stateMachineArn: express.arn, input: "{}" };
    expect(await open(succeed).operations.StartSyncExecution!(start, undefined)).toMatchObject({
      status: "SUCCEEDED",
      output: '{"done":true}',
    });
    const fail = async (): Promise<Invocation> => ({
      ok: false,
      error: { errorType: "OutOfStockError", errorMessage: "none left" },
    });
    expect(await open(fail).operations.StartSyncExecution!(start, undefined)).toMatchObject({
      status: "FAILED",
      error: "OutOfStockError",
    });
  });

  it("refuses what it can't start", async () => {
    const { operations } = open(succeed);
    const start = async (name: string, input: object) => operations[name]!(input as never, undefined);
    const unknown = { stateMachineArn: arnOf("states", "stateMachine:None") };
    await expect(start("StartExecution", unknown)).rejects.toMatchObject({ name: "StateMachineDoesNotExist" });
    const malformed = { stateMachineArn: express.arn, input: "{" };
    await expect(start("StartExecution", malformed)).rejects.toMatchObject({ name: "InvalidExecutionInput" });
    await expect(start("StartSyncExecution", { stateMachineArn: standard.arn })).rejects.toMatchObject({
      name: "StateMachineTypeNotSupported",
    });
  });
});

it("a definition that can't be run is refused at the start, by the machine's name", () => {
  const definition = { ...express.definition, QueryLanguage: "JSONPath" };
  const options = { invoke: succeed, sendMessage, clock: systemClock, random: seededRandom(1) };
  expect(() => createMachineHost({ ...options, machines: { Broken: { ...express, definition } } })).toThrow(/Broken/);
});
