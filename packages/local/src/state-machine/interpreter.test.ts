import { describe, expect, it } from "vitest";
import { ManualClock } from "../clock.ts";
import type { Invocation } from "../function/invocation.ts";
import { type Random, seededRandom } from "../random.ts";
import { lambdaInvoke, parseDefinition, sqsSendMessage } from "./definition.ts";
import { type Execution, execute, type HistoryEvent } from "./interpreter.ts";

type Json = Record<string, unknown>;
type Handler = (payload: unknown, clock: ManualClock) => unknown;

interface Setup {
  functions?: Record<string, Handler>;
  random?: Random;
  type?: "EXPRESS" | "STANDARD";
  signal?: AbortSignal;
  clock?: ManualClock;
}

const startMs = Date.parse("2026-01-01T00:00:00Z");

class HandlerError extends Error {
  constructor(name: string, message = "") {
    super(message);
    this.name = name;
  }
}

const task = (name: string, more: Json = {}): Json => ({
  Type: "Task",
  Resource: lambdaInvoke,
  Arguments: { FunctionName: name, Payload: "{% $states.input %}" },
  Output: "{% $states.result.Payload %}",
  ...more,
});

const machine = (states: Json, more: Json = {}): Json => ({
  QueryLanguage: "JSONata",
  StartAt: Object.keys(states)[0],
  States: states,
  ...more,
});

async function run(definition: Json, input: unknown = {}, setup: Setup = {}) {
  const clock = setup.clock ?? new ManualClock(startMs);
  const history: HistoryEvent[] = [];
  const sent: { queueUrl: string; body: string; attributes: object }[] = [];
  const calls: { name: string; payload: unknown; atMs: number }[] = [];
  const invoke = async (name: string, payload: unknown): Promise<Invocation> => {
    calls.push({ name, payload, atMs: clock.now() - startMs });
    const handler = setup.functions?.[name];
    if (!handler) throw new HandlerError("Lambda.ResourceNotFoundException", `no function ${name}`);
    try {
      return { ok: true, payload: await handler(payload, clock) };
    } catch (thrown) {
      const { name: errorType, message: errorMessage } = thrown as Error;
      return { ok: false, error: { errorType, errorMessage } };
    }
  };
  const execution = await clock.finish(
    execute(parseDefinition("Test", definition), {
      input,
      clock,
      random: setup.random ?? seededRandom(1),
      invoke,
      sendMessage(queueUrl, message) {
        if (queueUrl.endsWith("/gone")) throw Object.assign(new Error("no queue"), { name: "QueueDoesNotExist" });
        sent.push({ queueUrl, ...message });
        return { messageId: `m${sent.length}`, md5OfBody: "" };
      },
      type: setup.type ?? "STANDARD",
      machineArn: "arn:aws:states:eu-west-1:1:stateMachine:Test",
      executionArn: "arn:aws:states:eu-west-1:1:execution:Test:one",
      ...(setup.signal && { signal: setup.signal }),
      onEvent: (event) => history.push(event),
    }),
  );
  return {
    execution,
    history,
    calls,
    sent,
    clock,
    names: calls.map((call) => call.name),
    times: calls.map((call) => call.atMs),
  };
}

const outputOf = (execution: Execution) => (execution.status === "SUCCEEDED" ? execution.output : execution);

const failing =
  (name: string, message = ""): Handler =>
  () => {
    throw new HandlerError(name, message);
  };

/** Fails so many times, then answers. */
const flaky = (failures: number, name: string): Handler => {
  let left = failures;
  return () => {
    if (left-- > 0) throw new HandlerError(name);
    return "done";
  };
};

describe("values", () => {
  it("flow from state to state, with variables set after a state's own expressions ran", async () => {
    const definition = machine({
      First: { Type: "Pass", Assign: { n: 1 }, Next: "Second" },
      Second: {
        Type: "Pass",
        Assign: { n: "{% $n + 1 %}", before: "{% $n %}" },
        Output: { n: "{% $n %}" },
        Next: "Third",
      },
      Third: {
        Type: "Pass",
        Output: { n: "{% $n %}", before: "{% $before %}", input: "{% $states.input %}" },
        End: true,
      },
    });
    const { execution } = await run(definition);
    expect(outputOf(execution)).toEqual({ n: 2, before: 1, input: { n: 1 } });
    expect(execution.transitions).toBe(4);
  });

  it("wraps a function's answer in Payload, and hands it on whole without an Output", async () => {
    const { Output: _, ...ask } = task("f", { End: true });
    const definition = machine({ Ask: ask });
    const { execution } = await run(definition, { a: 1 }, { functions: { f: (payload) => payload } });
    expect(outputOf(execution)).toEqual({ ExecutedVersion: "$LATEST", Payload: { a: 1 }, StatusCode: 200 });
  });

  it("show the execution in the context", async () => {
    const definition = machine({ Look: { Type: "Pass", Output: "{% $states.context %}", End: true } });
    const { execution } = await run(definition, { a: 1 });
    expect(outputOf(execution)).toEqual({
      Execution: {
        Id: "arn:aws:states:eu-west-1:1:execution:Test:one",
        Input: { a: 1 },
        Name: "one",
        RoleArn: "",
        StartTime: "2026-01-01T00:00:00.000Z",
        RedriveCount: 0,
      },
      StateMachine: { Id: "arn:aws:states:eu-west-1:1:stateMachine:Test", Name: "Test" },
      State: { Name: "Look", EnteredTime: "2026-01-01T00:00:00.000Z", RetryCount: 0 },
    });
  });

  it("may use the functions Step Functions adds", async () => {
    const definition = machine({
      Compute: {
        Type: "Pass",
        Output: {
          partition: "{% $partition([1,2,3,4,5], 2) %}",
          range: "{% $range(1, 9, 4) %}",
          hash: "{% $hash('abc', 'SHA-256') %}",
          parse: "{% $parse('{\"a\":[1]}').a[0] %}",
          uuid: "{% $length($uuid()) %}",
          random: "{% $random(7) = $random(7) and $random() < 1 %}",
          now: "{% $now() %}",
        },
        End: true,
      },
    });
    const { execution } = await run(definition);
    expect(outputOf(execution)).toEqual({
      partition: [[1, 2], [3, 4], [5]],
      range: [1, 5, 9],
      hash: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      parse: 1,
      uuid: 36,
      random: true,
      now: "2026-01-01T00:00:00.000Z",
    });
  });

  it("that an expression can't produce fail the execution, naming field and expression", async () => {
    const { execution } = await run(machine({ Pick: { Type: "Pass", Output: "{% $states.input.nope %}", End: true } }));
    expect(execution).toMatchObject({
      status: "FAILED",
      error: "States.QueryEvaluationError",
      cause: "The JSONata expression '{% $states.input.nope %}' of the field 'Output' returned nothing (undefined).",
    });
  });

  it("over 256 KiB fail the state, and no wildcard catches that", async () => {
    const definition = machine({
      Grow: task("f", { Catch: [{ ErrorEquals: ["States.ALL"], Next: "Caught" }], End: true }),
      Caught: { Type: "Succeed" },
    });
    const { execution } = await run(definition, {}, { functions: { f: () => "x".repeat(262_143) } });
    expect(execution).toMatchObject({ status: "FAILED", error: "States.DataLimitExceeded" });
  });
});

describe("Choice", () => {
  const definition = machine({
    Size: {
      Type: "Choice",
      Choices: [
        { Condition: "{% $states.input.n > 10 %}", Assign: { size: "big" }, Output: "rule", Next: "End" },
        { Condition: "{% $states.input.n > 5 %}", Assign: { size: "middle" }, Next: "End" },
      ],
      Assign: { size: "small" },
      Output: "default",
      Default: "End",
    },
    End: { Type: "Pass", Output: ["{% $size %}", "{% $states.input %}"], End: true },
  });

  it.each([
    [11, ["big", "rule"]],
    [6, ["middle", { n: 6 }]],
    [1, ["small", "default"]],
  ])("of %d takes the first rule that holds, with its own Output and Assign", async (n, expected) => {
    expect(outputOf((await run(definition, { n })).execution)).toEqual(expected);
  });

  it("without a match or Default fails", async () => {
    const choices = machine({
      Only: { Type: "Choice", Choices: [{ Condition: "{% false %}", Next: "End" }] },
      End: { Type: "Succeed" },
    });
    expect((await run(choices)).execution).toMatchObject({ status: "FAILED", error: "States.NoChoiceMatched" });
  });

  it("refuses a condition that is neither true nor false", async () => {
    const choices = machine({
      Only: { Type: "Choice", Choices: [{ Condition: "{% 'yes' %}", Next: "End" }], Default: "End" },
      End: { Type: "Succeed" },
    });
    expect((await run(choices)).execution).toMatchObject({ error: "States.QueryEvaluationError" });
  });
});

describe("Wait", () => {
  it("takes seconds or a time", async () => {
    const definition = machine({
      Seconds: { Type: "Wait", Seconds: "{% $states.input.seconds %}", Next: "Until" },
      Until: { Type: "Wait", Timestamp: "{% $states.input.until %}", Next: "Past" },
      Past: { Type: "Wait", Timestamp: "2020-01-01T00:00:00Z", End: true },
    });
    const { execution, history } = await run(definition, { seconds: 90, until: "2026-01-01T01:00:00Z" });
    const exits = history.filter((event) => event.type === "state-exited").map((event) => event.atMs - startMs);
    expect(exits).toEqual([90_000, 3_600_000, 3_600_000]);
    expect(execution.endedAtMs - execution.startedAtMs).toBe(3_600_000);
  });
});

describe("Retry", () => {
  const retried = (retry: Json[], more: Json = {}) => machine({ Try: task("f", { Retry: retry, End: true, ...more }) });

  it("waits exactly interval × rate ^ n, at most the maximum delay", async () => {
    const definition = retried([
      { ErrorEquals: ["Busy"], IntervalSeconds: 2, BackoffRate: 3, MaxAttempts: 4, MaxDelaySeconds: 30 },
    ]);
    const { times, execution, history } = await run(definition, {}, { functions: { f: flaky(4, "Busy") } });
    expect(times).toEqual([0, 2_000, 8_000, 26_000, 56_000]);
    expect(outputOf(execution)).toBe("done");
    expect(execution.transitions).toBe(6);
    expect(history.filter((event) => event.type === "state-retried").map((event) => event.atMs - startMs)).toEqual([
      2_000, 8_000, 26_000, 56_000,
    ]);
  });

  it("defaults to three retries after 1, 2 and 4 seconds", async () => {
    const { times, execution } = await run(
      retried([{ ErrorEquals: ["Busy"] }]),
      {},
      { functions: { f: failing("Busy") } },
    );
    expect(times).toEqual([0, 1_000, 3_000, 7_000]);
    expect(execution).toMatchObject({ status: "FAILED", error: "Busy" });
  });

  it("with full jitter waits a random part of the delay", async () => {
    const definition = retried([{ ErrorEquals: ["Busy"], IntervalSeconds: 10, JitterStrategy: "FULL" }]);
    const expected = seededRandom(42);
    const first = Math.round(10_000 * expected.next());
    const second = first + Math.round(20_000 * expected.next());
    const { times } = await run(definition, {}, { functions: { f: flaky(2, "Busy") }, random: seededRandom(42) });
    expect(times).toEqual([0, first, second]);
  });

  it("counts each retrier on its own, and gives up when the matching one is used up", async () => {
    const errors = ["A", "B", "C", "B"];
    const definition = retried([
      { ErrorEquals: ["A", "B"], IntervalSeconds: 1, BackoffRate: 2, MaxAttempts: 2 },
      { ErrorEquals: ["C"], IntervalSeconds: 5 },
    ]);
    const { times, execution } = await run(
      definition,
      {},
      { functions: { f: () => failing(errors.shift()!)({}, null!) } },
    );
    expect(times).toEqual([0, 1_000, 3_000, 8_000]);
    expect(execution).toMatchObject({ status: "FAILED", error: "B" });
  });

  it("of no attempts is none", async () => {
    const { times } = await run(
      retried([{ ErrorEquals: ["Busy"], MaxAttempts: 0 }]),
      {},
      { functions: { f: failing("Busy") } },
    );
    expect(times).toEqual([0]);
  });

  it("tells the state how often it was retried", async () => {
    const payload = { attempt: "{% $states.context.State.RetryCount %}" };
    const definition = retried([{ ErrorEquals: ["Busy"] }], { Arguments: { FunctionName: "f", Payload: payload } });
    const { calls } = await run(definition, {}, { functions: { f: flaky(2, "Busy") } });
    expect(calls.map((call) => call.payload)).toEqual([{ attempt: 0 }, { attempt: 1 }, { attempt: 2 }]);
  });
});

describe("Catch", () => {
  const caught = (catchers: Json[], more: Json = {}) =>
    machine({
      Try: task("f", { Catch: catchers, End: true, ...more }),
      Caught: { Type: "Pass", Output: "{% $states.input %}", End: true },
    });

  it("goes to the first catcher that names the error, with the error as output", async () => {
    const definition = caught([
      { ErrorEquals: ["Other"], Next: "Try" },
      { ErrorEquals: ["Declined"], Next: "Caught" },
    ]);
    const { execution } = await run(definition, {}, { functions: { f: failing("Declined", "no money") } });
    expect(outputOf(execution)).toEqual({
      Error: "Declined",
      Cause: JSON.stringify({ errorType: "Declined", errorMessage: "no money" }),
    });
  });

  it("may shape the output and keep the input, and sets only its own variables", async () => {
    const definition = machine({
      Try: task("f", {
        Assign: { never: 1 },
        Catch: [
          {
            ErrorEquals: ["States.ALL"],
            Next: "Caught",
            Output: "{% $merge([$states.input, { 'why': $states.errorOutput.Error }]) %}",
            Assign: { why: "{% $states.errorOutput.Error %}" },
          },
        ],
        End: true,
      }),
      Caught: { Type: "Pass", Output: ["{% $states.input %}", "{% $why %}", "{% $exists($never) %}"], End: true },
    });
    const { execution } = await run(definition, { order: "o1" }, { functions: { f: failing("Declined") } });
    expect(outputOf(execution)).toEqual([{ order: "o1", why: "Declined" }, "Declined", false]);
  });

  it("comes after the retries", async () => {
    const definition = caught([{ ErrorEquals: ["Busy"], Next: "Caught" }], {
      Retry: [{ ErrorEquals: ["Busy"], MaxAttempts: 1 }],
    });
    const { times, execution } = await run(definition, {}, { functions: { f: failing("Busy") } });
    expect(times).toEqual([0, 1_000]);
    expect(execution.status).toBe("SUCCEEDED");
  });

  it.each([
    ["States.ALL", "Declined", true],
    ["States.TaskFailed", "Declined", true],
    ["States.TaskFailed", "Lambda.Unknown", true],
    ["States.TaskFailed", "States.Timeout", false],
    ["States.ALL", "States.Timeout", true],
    ["States.ALL", "States.Runtime", false],
    ["States.Runtime", "States.Runtime", false],
    ["Declined", "declined", false],
  ])("of %s for %s: %s", async (name, error, handled) => {
    const definition = caught([{ ErrorEquals: [name], Next: "Caught" }]);
    const { execution } = await run(definition, {}, { functions: { f: failing(error) } });
    expect(execution.status).toBe(handled ? "SUCCEEDED" : "FAILED");
  });

  it("names what kept a function from running as Lambda does", async () => {
    const { execution } = await run(caught([{ ErrorEquals: ["Lambda.ResourceNotFoundException"], Next: "Caught" }]));
    expect(outputOf(execution)).toEqual({ Error: "Lambda.ResourceNotFoundException", Cause: "no function f" });
  });

  it("handles an Output that can't be evaluated", async () => {
    const definition = caught([{ ErrorEquals: ["States.QueryEvaluationError"], Next: "Caught" }], {
      Output: "{% $states.result.Payload.nope %}",
    });
    expect((await run(definition, {}, { functions: { f: () => ({}) } })).execution.status).toBe("SUCCEEDED");
  });
});

describe("a saga", () => {
  const undo = { Retry: [{ ErrorEquals: ["Busy"], MaxAttempts: 5 }] };
  const definition = machine({
    Receive: { Type: "Pass", Assign: { order: "{% $states.input.order %}" }, Next: "Reserve" },
    Reserve: task("reserve", { Catch: [{ ErrorEquals: ["States.ALL"], Next: "Cancel" }], Next: "Charge" }),
    Charge: task("charge", { Catch: [{ ErrorEquals: ["States.ALL"], Next: "Release" }], Next: "Ship" }),
    Ship: task("ship", { Catch: [{ ErrorEquals: ["States.ALL"], Next: "Refund" }], Next: "Done" }),
    Done: { Type: "Succeed" },
    Refund: task("refund", { ...undo, Next: "Release" }),
    Release: task("release", { ...undo, Next: "Cancel" }),
    Cancel: task("cancel", { ...undo, Next: "Failed" }),
    Failed: { Type: "Fail", Error: "OrderFailed", Cause: "{% 'order ' & $order %}" },
  });
  const ok: Handler = () => ({});
  const functions = { reserve: ok, charge: ok, ship: ok, refund: ok, release: ok, cancel: ok };

  it("that succeeds undoes nothing", async () => {
    const { names, execution } = await run(definition, { order: "o9" }, { functions });
    expect(names).toEqual(["reserve", "charge", "ship"]);
    expect(execution.status).toBe("SUCCEEDED");
  });

  it.each([
    ["reserve", ["reserve", "cancel"]],
    ["charge", ["reserve", "charge", "release", "cancel"]],
    ["ship", ["reserve", "charge", "ship", "refund", "release", "cancel"]],
  ])("that fails at %s undoes what was done, in reverse", async (step, expected) => {
    const { names, execution } = await run(
      definition,
      { order: "o9" },
      { functions: { ...functions, [step]: failing("No") } },
    );
    expect(names).toEqual(expected);
    expect(execution).toMatchObject({ status: "FAILED", error: "OrderFailed", cause: "order o9" });
  });

  it("retries an undo, and fails loudly when it can't be done", async () => {
    const broken = { ...functions, ship: failing("No"), refund: failing("Busy") };
    const { names, execution } = await run(definition, { order: "o9" }, { functions: broken });
    expect(names.filter((name) => name === "refund")).toHaveLength(6);
    expect(execution).toMatchObject({ status: "FAILED", error: "Busy" });
  });

  it("leaves a history of what happened when", async () => {
    const { history } = await run(definition, { order: "o9" }, { functions: { ...functions, charge: failing("No") } });
    const steps = history.map((event) => ("state" in event ? `${event.type} ${event.state}` : event.type));
    expect(steps.slice(0, 9)).toEqual([
      "execution-started",
      "state-entered Receive",
      "state-exited Receive",
      "state-entered Reserve",
      "state-exited Reserve",
      "state-entered Charge",
      "state-failed Charge",
      "state-caught Charge",
      "state-exited Charge",
    ]);
    expect(steps.at(-1)).toBe("execution-failed");
  });
});

describe("Parallel and Map", () => {
  const branch = (states: Json): Json => ({ StartAt: Object.keys(states)[0], States: states });

  it("read the variables around them and keep their own", async () => {
    const definition = machine({
      Set: { Type: "Pass", Assign: { outer: 1 }, Next: "Both" },
      Both: {
        Type: "Parallel",
        Branches: [
          branch({
            A: { Type: "Pass", Assign: { own: "a" }, Next: "A2" },
            A2: { Type: "Pass", Output: "{% $own & $string($outer) %}", End: true },
          }),
          branch({ B: { Type: "Pass", Output: "{% $exists($own) %}", End: true } }),
        ],
        Next: "After",
      },
      After: { Type: "Pass", Output: ["{% $states.input %}", "{% $exists($own) %}"], End: true },
    });
    expect(outputOf((await run(definition)).execution)).toEqual([["a1", false], false]);
  });

  it("give branches the Arguments, or else the input", async () => {
    const branches = [branch({ A: { Type: "Pass", End: true } })];
    const plain = machine({ Both: { Type: "Parallel", Branches: branches, End: true } });
    const shaped = machine({
      Both: { Type: "Parallel", Arguments: { n: "{% $states.input.n + 1 %}" }, Branches: branches, End: true },
    });
    expect(outputOf((await run(plain, { n: 1 })).execution)).toEqual([{ n: 1 }]);
    expect(outputOf((await run(shaped, { n: 1 })).execution)).toEqual([{ n: 2 }]);
  });

  it("run items at most so many at a time, and keep their order", async () => {
    let running = 0;
    let peak = 0;
    const slow: Handler = async (payload, clock) => {
      peak = Math.max(peak, ++running);
      const { item, index } = payload as { item: number; index: number };
      await clock.sleep(1_000 * (5 - index));
      running--;
      return item * 10;
    };
    const definition = machine({
      Each: {
        Type: "Map",
        Items: "{% $states.input.items %}",
        ItemSelector: { item: "{% $states.context.Map.Item.Value %}", index: "{% $states.context.Map.Item.Index %}" },
        MaxConcurrency: 2,
        ItemProcessor: { ProcessorConfig: { Mode: "INLINE" }, ...branch({ Do: task("f", { End: true }) }) },
        End: true,
      },
    });
    const { execution } = await run(definition, { items: [1, 2, 3, 4] }, { functions: { f: slow } });
    expect(outputOf(execution)).toEqual([10, 20, 30, 40]);
    expect(peak).toBe(2);
  });

  it("stop the other branches when one fails, and can be retried and caught as a whole", async () => {
    const definition = machine({
      Both: {
        Type: "Parallel",
        Branches: [
          branch({ Slow: { Type: "Wait", Seconds: 60, Next: "Never" }, Never: task("never", { End: true }) }),
          branch({ Fails: task("f", { End: true }) }),
        ],
        Retry: [{ ErrorEquals: ["Busy"], MaxAttempts: 1 }],
        Catch: [{ ErrorEquals: ["Busy"], Next: "Caught" }],
        End: true,
      },
      Caught: { Type: "Pass", End: true },
    });
    const { execution, names, times } = await run(
      definition,
      {},
      { functions: { f: failing("Busy"), never: () => 1 } },
    );
    expect(names).toEqual(["f", "f"]);
    expect(times).toEqual([0, 1_000]);
    expect(outputOf(execution)).toMatchObject({ Error: "Busy" });
    expect(execution.endedAtMs - startMs).toBe(1_000);
  });

  it("of no items is an empty list", async () => {
    const definition = machine({
      Each: { Type: "Map", ItemProcessor: branch({ Do: task("f", { End: true }) }), End: true },
    });
    expect(outputOf((await run(definition, [])).execution)).toEqual([]);
  });
});

describe("time limits", () => {
  const slow: Handler = (_, clock) => clock.sleep(3_600_000);

  it("of a task fail it with States.Timeout, which can be caught", async () => {
    const definition = machine({
      Try: task("f", {
        TimeoutSeconds: "{% 5 * 2 %}",
        Catch: [{ ErrorEquals: ["States.Timeout"], Next: "Late" }],
        End: true,
      }),
      Late: { Type: "Pass", Output: "{% $states.input.Error %}", End: true },
    });
    const { execution } = await run(definition, {}, { functions: { f: slow } });
    expect(outputOf(execution)).toBe("States.Timeout");
    expect(execution.endedAtMs - startMs).toBe(10_000);
  });

  it("of the machine end it wherever it is, past every Catch", async () => {
    const definition = machine(
      {
        Try: task("f", { Catch: [{ ErrorEquals: ["States.ALL"], Next: "Caught" }], End: true }),
        Caught: { Type: "Succeed" },
      },
      { TimeoutSeconds: 240 },
    );
    const { execution, history } = await run(definition, {}, { functions: { f: slow } });
    expect(execution).toMatchObject({ status: "TIMED_OUT", error: "States.Timeout", endedAtMs: startMs + 240_000 });
    expect(history.at(-1)?.type).toBe("execution-timed-out");
  });

  it("of an Express execution are five minutes", async () => {
    const definition = machine({ Wait: { Type: "Wait", Seconds: 301, End: true } }, { TimeoutSeconds: 900 });
    expect((await run(definition, {}, { type: "EXPRESS" })).execution).toMatchObject({
      status: "TIMED_OUT",
      endedAtMs: startMs + 300_000,
    });
    expect((await run(definition, {}, { type: "STANDARD" })).execution.status).toBe("SUCCEEDED");
  });

  it("end an execution that loops for ever without waiting", async () => {
    const definition = machine({
      A: { Type: "Choice", Choices: [{ Condition: true, Next: "A" }], Default: "B" },
      B: { Type: "Succeed" },
    });
    expect((await run(definition)).execution).toMatchObject({ status: "FAILED", error: "States.Runtime" });
  });
});

describe("an abort", () => {
  it("ends the execution at once, and leaves no timer behind", async () => {
    const controller = new AbortController();
    const clock = new ManualClock(startMs);
    clock.setTimer(startMs + 30_000, () => controller.abort(new Error("shutting down")));
    const definition = machine({ Wait: { Type: "Wait", Seconds: 3_600, End: true } }, { TimeoutSeconds: 7_200 });
    const { execution } = await run(definition, {}, { clock, signal: controller.signal });
    expect(execution).toMatchObject({ status: "ABORTED", cause: "shutting down", endedAtMs: startMs + 30_000 });
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("a message to a queue", () => {
  const send = (more: Json = {}): Json => ({
    Type: "Task",
    Resource: sqsSendMessage,
    Arguments: {
      QueueUrl: "https://sqs/1/letters",
      MessageBody: "{% { 'detail': $states.input } %}",
      MessageAttributes: { CODE: { DataType: "String", StringValue: "{% $states.input.code %}" } },
    },
    End: true,
    ...more,
  });

  it("has its body and attributes evaluated, and its id for a result", async () => {
    const { execution, sent } = await run(machine({ A: send() }), { code: "x" });
    expect(outputOf(execution)).toMatchObject({ MessageId: "m1" });
    const attributes = { CODE: { DataType: "String", StringValue: "x" } };
    expect(sent).toEqual([{ queueUrl: "https://sqs/1/letters", body: '{"detail":{"code":"x"}}', attributes }]);
  });

  it("that the queue refuses fails under SQS's name for it", async () => {
    const gone = send({ Arguments: { QueueUrl: "https://sqs/1/gone", MessageBody: "text" } });
    const { execution } = await run(machine({ A: gone }));
    expect(execution).toMatchObject({ status: "FAILED", error: "SQS.QueueDoesNotExist" });
  });
});
