/** Metrics and alarms of a running topology, and what the SDK is told of them. */
import * as path from "node:path";
import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient, GetItemCommand, PutItemCommand, TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { Alarm } from "@cartwright/topology";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { boot, type Hooks, type Local } from "../boot.ts";
import { SkippingClock } from "../clock.ts";
import type { LogLine } from "../function/function-host.ts";
import { arnOf, lambda, temporaryFolder, writeProject } from "../test/fixture.ts";
import { shop, sources } from "../test/shop.ts";

const measuring = `
  export const handler = async ({ fail, orders, slowMs = 0 }: any) => {
    const CloudWatchMetrics = [{ Namespace: "Shop", Dimensions: [["stage"]], Metrics: [{ Name: "Orders", Unit: "Count" }] }];
    console.log(JSON.stringify({ _aws: { Timestamp: Date.now(), CloudWatchMetrics }, stage: "test", Orders: orders }));
    await new Promise((resolve) => setTimeout(resolve, slowMs));
    if (fail) throw new RangeError(fail);
    return { orders };
  };
`;

const topic = arnOf("sns", "alarms");
const Measure = lambda("measure", { reservedConcurrency: 1, version: "7", handler: "src/measure.handler" });
const checkoutArn = shop.machines.Checkout!.arn;

function alarm(name: string, metric: string, dimensions: Record<string, string>, more: Partial<Alarm> = {}): Alarm {
  const [namespace = "", own = ""] = metric.split(" ");
  return {
    name: `shop-${name}`,
    description: `What to do about ${name}.`,
    ...{ namespace, metric: own, dimensions, statistic: "Sum", comparison: "GreaterThanThreshold", threshold: 0 },
    ...{ periodSeconds: 60, evaluationPeriods: 1, datapointsToAlarm: 1, treatMissingData: "notBreaching" },
    actions: [topic],
    okActions: [topic],
    ...more,
  };
}

const topology = {
  ...shop,
  functions: { ...shop.functions, Measure },
  alarms: {
    Letters: alarm("letters", "AWS/SQS ApproximateNumberOfMessagesVisible", { QueueName: "notify-dead" }),
    Orders: alarm("orders", "Shop Orders", { stage: "test" }, { threshold: 100 }),
    Throttles: alarm("throttles", "AWS/Lambda Throttles", {}),
    Lag: alarm(
      "lag",
      "AWS/Lambda IteratorAge",
      { FunctionName: "shop-relay" },
      { statistic: "Maximum", threshold: 1e6 },
    ),
    Failed: alarm("failed", "AWS/States ExecutionsFailed", { StateMachineArn: checkoutArn }),
    Writes: alarm("writes", "AWS/DynamoDB WriteThrottleEvents", { TableName: "orders" }),
    Errors: alarm("errors", "AWS/ApiGateway 5xx", { ApiId: "api1" }, { statistic: "Average" }),
  },
  compositeAlarms: {
    Trouble: { name: "shop-trouble", rule: 'ALARM("shop-failed") OR ALARM("shop-errors")', actions: [], okActions: [] },
  },
};

const folder = temporaryFolder();
const clock = new SkippingClock();
const hooks: Hooks = {};
const lines: LogLine[] = [];
const told: string[] = [];
let local: Local;

beforeAll(async () => {
  const root = path.join(folder.path, "project");
  writeProject(root, { ...sources, "src/measure.ts": measuring });
  local = await boot({
    ...{ topology, root, clock, apiPort: 0, endpointPort: 0, stateFolder: path.join(folder.path, "state") },
    hooks: {
      beforeInvoke: (name, event) => hooks.beforeInvoke?.(name, event),
      onDynamoRequest: (operation, request) => hooks.onDynamoRequest?.(operation, request),
      onLog: (line) => lines.push(line),
      onAlarm: ({ name, state }) => told.push(`${name} ${state}`),
    },
  });
});

afterEach(() => {
  for (const hook of Object.keys(hooks) as (keyof Hooks)[]) delete hooks[hook];
});

afterAll(async () => {
  await local?.stop();
  folder.remove();
});

async function aMinute(): Promise<void> {
  await local.idle();
  clock.skip(60_000);
  await local.idle();
}

function state(name: string): string | undefined {
  return local.alarms().find((one) => one.name === name)?.state;
}

const cloudWatch = () => new CloudWatchClient({});
const dynamo = () => new DynamoDBClient({ maxAttempts: 1 });
const lambdas = () => new LambdaClient({ maxAttempts: 1 });

async function invoke(payload: unknown, more: object = {}) {
  const FunctionName = Measure.name;
  const answer = await lambdas().send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(payload), ...more }));
  const text = answer.Payload?.transformToString() ?? "";
  return { ...answer, payload: text === "" ? undefined : (JSON.parse(text) as unknown) };
}

describe("an alarm on a queue of dead letters", () => {
  it("goes off by a letter, which the log and the hook tell, and is over when it is gone", async () => {
    expect(state("Letters")).toBe("OK");
    local.queues.send("notify-dead", { body: "{}" });
    await aMinute();
    expect(state("Letters")).toBe("ALARM");
    local.queues.purge("notify-dead");
    await aMinute();
    expect(state("Letters")).toBe("OK");
    expect(told).toEqual(["Letters ALARM", "Letters OK"]);
    const logged = lines.filter(({ functionName }) => functionName === "alarms").map(({ text }) => JSON.parse(text));
    expect(logged).toMatchObject([
      { message: "alarm", name: "Letters", state: "ALARM", reason: expect.stringMatching(/^1 \(/) },
      { message: "alarm", name: "Letters", state: "OK", reason: expect.stringMatching(/^0 \(/) },
    ]);
  });
});

describe("what is measured", () => {
  it("by a function in its log", async () => {
    await invoke({ orders: [60, 70] });
    await aMinute();
    expect(local.metrics.total("Orders", { stage: "test" })).toEqual({ count: 2, sum: 130, minimum: 60, maximum: 70 });
    expect(state("Orders")).toBe("ALARM");
  });

  it("by a function in a way that CloudWatch would not take is told in the log", async () => {
    await invoke({ orders: "many" });
    const [line] = lines.filter(({ functionName }) => functionName === "runtime");
    expect(line?.text).toContain('A metric of Measure is none that CloudWatch takes: Orders is "many"');
  });

  it("of functions that were refused since as many run as may", async () => {
    const running = invoke({ orders: 0, slowMs: 300 });
    await expect.poll(() => invoke({ orders: 0 }).catch(({ name }) => name)).toBe("TooManyRequestsException");
    await running;
    expect(local.metrics.sum("Throttles")).toBeGreaterThan(0);
    await aMinute();
    expect(state("Throttles")).toBe("ALARM");
  });

  it("of requests that the API could not answer, and of checkouts that failed: their composite alarm goes off", async () => {
    await fetch(`${local.apiUrl}/unlinked`);
    await fetch(`${local.apiUrl}/orders/none`);
    expect(local.metrics.total("5xx", { ApiId: "api1" })).toMatchObject({ count: 2, sum: 1 });
    hooks.beforeInvoke = (name) => {
      if (name === "Reserve") throw new Error("not today");
    };
    await fetch(`${local.apiUrl}/orders`, { method: "POST", body: JSON.stringify({ id: "watched" }) });
    await local.idle();
    expect(local.metrics.sum("ExecutionsFailed", { StateMachineArn: checkoutArn })).toBe(1);
    await aMinute();
    expect([state("Errors"), state("Failed"), state("Trouble")]).toEqual(["ALARM", "ALARM", "ALARM"]);
  });

  it("of a stream: how old the last record of a batch is when a function gets it", async () => {
    await fetch(`${local.apiUrl}/orders`, { method: "POST", body: JSON.stringify({ id: "streamed" }) });
    await local.idle();
    const { count, minimum, maximum } = local.metrics.total("IteratorAge", { FunctionName: "shop-relay" });
    expect(count).toBeGreaterThan(0);
    expect(minimum).toBeGreaterThanOrEqual(0);
    expect(maximum).toBeLessThan(10_000);
  });

  it.each([
    ["write", new PutItemCommand({ TableName: "orders", Item: { pk: { S: "hot" } } })],
    ["read", new GetItemCommand({ TableName: "orders", Key: { pk: { S: "hot" } } })],
  ])("of a table: a %s that a test refuses for its rate", async (kind, command) => {
    hooks.onDynamoRequest = () => ({ when: "before", name: "ProvisionedThroughputExceededException" });
    await expect(dynamo().send(command as PutItemCommand)).rejects.toThrow();
    const metric = kind === "read" ? "ReadThrottleEvents" : "WriteThrottleEvents";
    expect(local.metrics.sum(metric, { TableName: "orders" })).toBe(1);
  });

  it("of a table: each write of a transaction that is refused for the rate of its item", async () => {
    const before = local.metrics.sum("WriteThrottleEvents");
    const Put = (size: number) => ({ TableName: "orders", Item: { pk: { S: "huge" }, text: { S: "x".repeat(size) } } });
    // Two transactional writes of 390 KB are 780 of the thousand units that one item takes in a second.
    const write = () => dynamo().send(new TransactWriteItemsCommand({ TransactItems: [{ Put: Put(390_000) }] }));
    await write();
    await expect(write()).rejects.toThrow("ThrottlingError");
    expect(local.metrics.sum("WriteThrottleEvents") - before).toBe(1);
    await aMinute();
    expect(state("Writes")).toBe("ALARM");
  });
});

describe("DescribeAlarms", () => {
  it("tells the states of alarms with what they watch", async () => {
    const input = { AlarmNames: ["shop-letters", "shop-none"] };
    const { MetricAlarms, CompositeAlarms } = await cloudWatch().send(new DescribeAlarmsCommand(input));
    expect(CompositeAlarms).toEqual([]);
    expect(MetricAlarms).toMatchObject([
      {
        AlarmName: "shop-letters",
        AlarmArn: arnOf("cloudwatch", "alarm:shop-letters"),
        AlarmDescription: "What to do about letters.",
        AlarmActions: [topic],
        StateValue: "OK",
        StateUpdatedTimestamp: expect.any(Date),
        Namespace: "AWS/SQS",
        Dimensions: [{ Name: "QueueName", Value: "notify-dead" }],
        Threshold: 0,
        Period: 60,
      },
    ]);
    const since = local.alarms().find(({ name }) => name === "Letters")!.sinceMs;
    expect(MetricAlarms![0]!.StateUpdatedTimestamp!.getTime()).toBe(since);
  });

  it("tells composite alarms to those who ask for them", async () => {
    const AlarmTypes = ["CompositeAlarm", "MetricAlarm"] as const;
    const input = { AlarmTypes: [...AlarmTypes], AlarmNamePrefix: "shop-tr" };
    const { CompositeAlarms } = await cloudWatch().send(new DescribeAlarmsCommand(input));
    expect(CompositeAlarms).toMatchObject([{ AlarmName: "shop-trouble", AlarmRule: expect.stringContaining("OR") }]);
    const untyped = await cloudWatch().send(new DescribeAlarmsCommand({ AlarmNamePrefix: "shop-tr" }));
    expect(untyped.CompositeAlarms).toEqual([]);
  });

  it("goes page by page, and by state", async () => {
    const names: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await cloudWatch().send(new DescribeAlarmsCommand({ MaxRecords: 3, NextToken }));
      expect(page.MetricAlarms!.length).toBeLessThanOrEqual(3);
      names.push(...page.MetricAlarms!.map(({ AlarmName }) => AlarmName!));
      NextToken = page.NextToken;
    } while (NextToken);
    expect(names).toEqual(
      Object.values(topology.alarms)
        .map(({ name }) => name)
        .toSorted(),
    );
    const { MetricAlarms } = await cloudWatch().send(new DescribeAlarmsCommand({ StateValue: "OK" }));
    const expected = local.alarms().filter((one) => one.state === "OK" && "metric" in one.alarm);
    expect(MetricAlarms).toHaveLength(expected.length);
  });

  it.each([
    ["a token of somebody else's", { NextToken: "stranger" }, "InvalidNextToken"],
    ["more than a page holds", { MaxRecords: 101 }, "ValidationException"],
    ["names and a prefix at once", { AlarmNames: ["a"], AlarmNamePrefix: "a" }, "ValidationException"],
    ["a filter that is not emulated", { ActionPrefix: topic }, "ValidationException"],
  ])("refuses %s", async (_, input, name) => {
    const describing = new CloudWatchClient({ maxAttempts: 1 }).send(new DescribeAlarmsCommand(input));
    await expect(describing).rejects.toMatchObject({ name });
  });
});

describe("Invoke", () => {
  it("answers what the function answers, by name, ARN and version", async () => {
    for (const FunctionName of [
      Measure.name,
      Measure.arn,
      `${Measure.arn}:7`,
      `123456789012:function:${Measure.name}`,
    ]) {
      expect(await invoke({ orders: 1 }, { FunctionName })).toMatchObject({ StatusCode: 200, payload: { orders: 1 } });
    }
    expect(await invoke({ orders: 1 }, { Qualifier: "7" })).toMatchObject({ ExecutedVersion: "7" });
  });

  it("tells that a function failed, and how", async () => {
    const answer = await invoke({ orders: 1, fail: "no such order" });
    expect(answer).toMatchObject({
      StatusCode: 200,
      FunctionError: "Unhandled",
      payload: { errorType: "RangeError", errorMessage: "no such order" },
    });
  });

  it("does not wait for an event, which is tried until the function takes it", async () => {
    const before = local.metrics.sum("Orders");
    expect(await invoke({ orders: 5 }, { InvocationType: "Event" })).toMatchObject({ StatusCode: 202 });
    await local.idle();
    expect(local.metrics.sum("Orders")).toBe(before + 5);
  });

  it("runs nothing on trial", async () => {
    const before = local.metrics.sum("Orders");
    expect(await invoke({ orders: 5 }, { InvocationType: "DryRun" })).toMatchObject({ StatusCode: 204 });
    expect(local.metrics.sum("Orders")).toBe(before);
  });

  it.each([
    ["a function that is not there", { FunctionName: "shop-nobody" }, "ResourceNotFoundException"],
    ["a version that is not there", { Qualifier: "8" }, "ResourceNotFoundException"],
    ["what is no JSON", { Payload: "orders" }, "InvalidRequestContentException"],
    ["more than six megabytes", { Payload: JSON.stringify("x".repeat(7_000_000)) }, "RequestTooLargeException"],
    [
      "an event of more than a megabyte",
      { Payload: JSON.stringify("x".repeat(1_100_000)), InvocationType: "Event" },
      "RequestTooLargeException",
    ],
  ])("refuses %s", async (_, input, name) => {
    await expect(invoke({}, input)).rejects.toMatchObject({ name });
  });
});
