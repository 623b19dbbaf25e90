import {
  CheckoutResumed,
  EventTooNewError,
  MalformedEventError,
  OrderPlaced,
  PaymentCaptured,
  schemaOf,
  UnknownEventError,
} from "@cartwright/events";
import validate from "asl-validator";
import { expect, test } from "vitest";
import * as z from "zod";
import { topology } from "./recorded.ts";

interface Retry {
  ErrorEquals: string[];
  IntervalSeconds: number;
  MaxAttempts: number;
  BackoffRate: number;
  JitterStrategy: string;
}

interface State {
  Type: string;
  Next?: string;
  Default?: string;
  Choices?: { Condition: string; Next: string }[];
  Catch?: { ErrorEquals: string[]; Next: string }[];
  Retry?: Retry[];
  Arguments?: { FunctionName: string; Payload: Record<string, string> };
  Assign?: Record<string, string>;
}

const machine = topology.machines.Checkout!;
const states = machine.definition.States as Record<string, State>;
const forward = ["ReserveStock", "AuthorizePayment", "ConfirmOrder", "CapturePayment"];
const undo = ["AbandonOrder", "VoidPayment", "ReleaseStock", "CancelOrder"];
const tasks = [...forward, ...undo].map((name) => [name, states[name]!] as const);

test("the definition is valid", () => {
  const result = validate(machine.definition);
  expect(result.isValid, result.errorsText()).toBe(true);
});

test("a run ends by itself before an express execution would be cut off", () => {
  expect(machine.type).toBe("EXPRESS");
  expect(machine.definition.TimeoutSeconds).toBeLessThan(300);
});

test("every state is written in JSONata, none in the paths that Step Functions falls back to", () => {
  const languages = Object.values(states).map((state) => (state as { QueryLanguage?: string }).QueryLanguage);
  expect(new Set(languages)).toEqual(new Set(["JSONata"]));
});

test("an order goes through its steps in order", () => {
  expect(machine.definition.StartAt).toBe("Receive");
  expect(states.Receive!.Next).toBe("Abandoned?");
  expect(states["Abandoned?"]!.Default).toBe("ReserveStock");
  expect(states.ReserveStock!.Next).toBe("AuthorizePayment");
  expect(states.AuthorizePayment!.Next).toBe("Authorized?");
  expect(states["Authorized?"]!.Default).toBe("ConfirmOrder");
  expect(states.ConfirmOrder!.Next).toBe("CapturePayment");
  expect(states.CapturePayment!.Next).toBe("Settled");
});

test("a payment that waits for the customer or the provider ends the run without undoing anything", () => {
  expect(states["Authorized?"]!.Choices).toEqual([
    { Condition: '{% $states.input.status = "waiting" %}', Next: "AwaitWebhook" },
  ]);
  expect(states.AwaitWebhook!.Type).toBe("Succeed");
});

test("every forward step that fails, for whatever reason, leads to the decision to abandon the order", () => {
  for (const name of forward) {
    expect(states[name]!.Catch!.at(-1), name).toEqual({ ErrorEquals: ["States.ALL"], Next: "AbandonOrder" });
  }
});

const waiting = ["CircuitOpenError", "UnknownOutcomeError"];
const crowded = ["Lambda.TooManyRequestsException"];

test("while the provider can't be asked, or can't say, the order waits and nothing is undone", () => {
  for (const name of ["AuthorizePayment", "CapturePayment"]) {
    expect(states[name]!.Catch, name).toEqual([
      { ErrorEquals: [...waiting, ...crowded], Next: "AwaitProvider" },
      { ErrorEquals: ["States.ALL"], Next: "AbandonOrder" },
    ]);
  }
  expect(states.AwaitProvider!.Type).toBe("Succeed");
  for (const name of ["ReserveStock", "ConfirmOrder"]) expect(states[name]!.Catch!.at(-1)!.Next).toBe("AbandonOrder");
});

test("nobody is asked again within a run what they could not answer, or will not", () => {
  const refusals = [
    ...waiting,
    "PaymentDeclinedError",
    "InsufficientFundsError",
    "CaptureRefusedError",
    "RefundFailedError",
    "ProviderRefusedError",
  ];
  for (const [name, state] of tasks) {
    const retried = state.Retry!.flatMap((retry) => retry.ErrorEquals);
    for (const refusal of [...refusals, "States.ALL", "States.TaskFailed"])
      expect(retried, name).not.toContain(refusal);
  }
});

/** The steps that a run may begin with: they are the first to read the event. */
const first = ["ReserveStock", "VoidPayment"];
const unreadable = [
  new EventTooNewError(PaymentCaptured, 99),
  new MalformedEventError(),
  new UnknownEventError("order.eaten"),
].map(({ name }) => name);

test("an event that can't be read leaves a dead letter with its reason, and the run fails", () => {
  expect([states["Abandoned?"]!.Default, states["Abandoned?"]!.Choices![0]!.Next]).toEqual(first);
  for (const name of first) {
    expect(states[name]!.Catch![0], name).toEqual({ ErrorEquals: unreadable, Next: "LeaveDeadLetter" });
  }
  const { Resource, Arguments, Next } = states.LeaveDeadLetter as State & { Resource: string };
  expect(Resource).toBe("arn:aws:states:::sqs:sendMessage");
  expect(Arguments).toMatchObject({ QueueUrl: topology.queues.StartCheckoutDeadLetters!.url });
  expect(states[Next!]!.Type).toBe("Fail");
});

test("the undo runs in reverse, once abandoning is decided", () => {
  expect(states.AbandonOrder!.Next).toBe("Undo?");
  expect(states["Undo?"]!.Default).toBe("VoidPayment");
  expect(states.VoidPayment!.Next).toBe("ReleaseStock");
  expect(states.ReleaseStock!.Next).toBe("CancelOrder");
  expect(states.CancelOrder!.Next).toBe("Undone");
});

test("nothing is undone when another run has confirmed the order", () => {
  expect(states["Undo?"]!.Choices).toEqual([
    { Condition: "{% $states.input.abandoned = false %}", Next: "Superseded" },
  ]);
  expect(states.Superseded!.Type).toBe("Succeed");
});

test("the checkout of an abandoned order goes straight to the undo", () => {
  expect(states["Abandoned?"]!.Choices).toEqual([
    { Condition: "{% $event.data.abandoned = true %}", Next: "VoidPayment" },
  ]);
});

test("every version of the events that start a checkout says whether the order is abandoned, which the machine reads", () => {
  for (const definition of [OrderPlaced, CheckoutResumed]) {
    for (let version = 1; version <= definition.version; version++) {
      const { properties, required } = z.toJSONSchema(schemaOf(definition, version), { io: "input" });
      expect(properties!.abandoned, `${definition.name} v${version}`).toMatchObject({ type: "boolean" });
      expect(required).toContain("abandoned");
    }
  }
});

test("an undo that fails is not caught, so that its execution fails", () => {
  for (const name of undo) {
    const caught = (states[name]!.Catch ?? []).flatMap(({ ErrorEquals }) => ErrorEquals);
    expect(caught, name).toEqual(first.includes(name) ? unreadable : []);
  }
});

test("only faults that may pass are tried again, never a refusal", () => {
  const faults =
    /^(Lambda\.(ServiceException|AWSLambdaException|SdkClientException|TooManyRequestsException|Unknown)|Runtime\.ExitError|Sandbox\.Timedout|UnavailableError|ContentionError)$/;
  for (const [name, state] of tasks) {
    for (const error of state.Retry!.flatMap((retry) => retry.ErrorEquals)) expect(error, name).toMatch(faults);
  }
});

test("undoing is tried for longer than going forward, and retries never come in step", () => {
  for (const name of forward) expect(states[name]!.Retry![0], name).toMatchObject({ MaxAttempts: 3 });
  for (const name of undo) expect(states[name]!.Retry![0], name).toMatchObject({ MaxAttempts: 5 });
  for (const [name, state] of tasks) {
    for (const retry of state.Retry!) expect(retry, name).toMatchObject({ JitterStrategy: "FULL" });
  }
});

test("a step that is refused since too many run waits a minute for its turn, and does not cost the order its checkout", () => {
  for (const [name, state] of tasks) {
    const { ErrorEquals, IntervalSeconds, MaxAttempts, BackoffRate } = state.Retry![1]!;
    expect(ErrorEquals, name).toEqual(crowded);
    const waits = Array.from({ length: MaxAttempts }, (_, attempt) => IntervalSeconds * BackoffRate ** attempt);
    // Full jitter waits half as long on average.
    const seconds = waits.reduce((sum, wait) => sum + wait) / 2;
    expect(seconds, name).toBeGreaterThan(60);
    expect(seconds, name).toBeLessThan(240 / 2);
  }
});

test("each task calls the function of its name with the event that started it", () => {
  const invoking = Object.keys(states).filter((name) => states[name]!.Arguments?.FunctionName !== undefined);
  expect(invoking.sort()).toEqual([...forward, ...undo].sort());
  for (const [name, { Arguments }] of tasks) {
    const { arn, version } = topology.functions[name]!;
    expect(Arguments!.FunctionName, name).toBe(`${arn}:${version}`);
    expect(Arguments!.Payload, name).toMatchObject({ event: "{% $event %}" });
  }
});

test("abandoning is told the error and the step it stopped", () => {
  expect(states.AbandonOrder!.Arguments!.Payload).toMatchObject({
    error: "{% $states.input %}",
    step: "{% $step %}",
  });
  const stepAfter = Object.fromEntries(
    ["Receive", ...forward].map((name) => [name, states[name]!.Assign?.step] as const),
  );
  expect(stepAfter).toEqual({
    Receive: "ReserveStock",
    ReserveStock: "AuthorizePayment",
    AuthorizePayment: "ConfirmOrder",
    ConfirmOrder: "CapturePayment",
    CapturePayment: undefined,
  });
});

test("a deployment changes no run under way: what starts it names a version, and that the versions of its functions", () => {
  expect(machine.version).toMatch(/:1$/);
  expect(machine.alias).toMatchObject({ name: "live", version: machine.version });
});

test("the machine may invoke its own steps, leave dead letters, be traced and deliver its logs, nothing else", () => {
  const role = Object.values(topology.roles).find(({ arn }) => arn === machine.role)!;
  const invoked = [...forward, ...undo].map((name) => `${topology.functions[name]!.arn}:*`);
  const [steps, letters, traces, logs, ...more] = role.statements;
  expect(more).toEqual([]);
  expect(steps!.Action).toEqual(["lambda:InvokeFunction"]);
  expect([...(steps!.Resource as string[])].sort()).toEqual(invoked.sort());
  const { arn } = topology.queues.StartCheckoutDeadLetters!;
  expect(letters).toMatchObject({ Action: ["sqs:SendMessage"], Resource: [arn] });
  for (const action of traces!.Action as string[]) expect(action).toMatch(/^xray:/);
  for (const action of logs!.Action as string[]) expect(action).toMatch(/^logs:/);
});

test("the bus starts a checkout without a function between", () => {
  const rule = topology.rules.StartCheckout!;
  expect(rule.pattern).toEqual({
    source: ["cartwright.order"],
    "detail-type": ["checkout.resumed", "order.placed"],
  });
  expect(rule.targets.map(({ arn }) => arn)).toEqual([machine.alias!.arn]);
});
